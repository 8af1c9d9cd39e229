"""A user of an embedded model in a process of its own: says that it has the model, then waits."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from infill_ls.backends.embedded.entry import Start
from infill_ls.backends.embedded.user import attach


async def main() -> None:
    start = msgspec.json.decode(sys.argv[1], type=Start)
    user = await attach(start)
    ready = await user.ready()
    print(ready.url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await user.leave()


if __name__ == "__main__":
    asyncio.run(main())
