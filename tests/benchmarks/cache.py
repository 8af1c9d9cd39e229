"""How much of a prompt llama.cpp has to read again while one types: the real server, a tiny model.

A hundred keystrokes are typed into the middle of a long file, and each is asked about; the server
says how many tokens of the prompt it has read (`timings.prompt_n`) and how many it found in its
cache (`timings.cache_n`). Ours is compared with a window that slides with the cursor.
"""

from __future__ import annotations

import asyncio
import sys
import sysconfig
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from fakes.asking import no_progress
from fakes.llamacpp import llamacpp_server
from infill_ls.backends.base import Backend
from infill_ls.backends.connect import connect
from infill_ls.prompt.build import plan, render
from infill_ls.prompt.dialects import CODE_LLAMA
from infill_ls.settings.tree import BackendSettings, CompletionSettings, PromptSettings, Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, ModelInfo, Prompt, Trigger

TARGET = 0.02
KEYSTROKES = 100
WINDOW_TOKENS = 1_024
CODE = Path(sysconfig.get_paths()["stdlib"], "argparse.py").read_text(encoding="utf-8")
TYPED = "".join(f"        total_{n} = self.price(item_{n}, count={n})\n" for n in range(3))
AT = CODE.index("    def format_help(self):")

Order = str
Make = Callable[[CompletionRequest, Settings], Prompt]


@dataclass
class Count:
    """What the keystrokes after the first one cost together."""

    read: int = 0
    known: int = 0

    @property
    def share(self) -> float:
        """The share of the prompts that was read again."""
        return self.read / (self.read + self.known)


def main() -> int:
    """Print one line for each way; return 1 if ours, suffix first, misses the target."""
    counts = {}
    for name, make in (("ours", ours), ("sliding", sliding)):
        for order in ("psm", "spm", "auto"):
            count = asyncio.run(typed(make, order))
            counts[name, order] = count
            print(
                f"{name:8} {order:5} read again {count.share:7.2%}  "
                f"tokens a keystroke {count.read / KEYSTROKES:7.1f} "
                f"of {(count.read + count.known) / KEYSTROKES:.0f}",
                flush=True,
            )
    return int(counts["ours", "spm"].share > TARGET)


async def typed(make: Make, order: Order) -> Count:
    """Type into a server that has seen nothing yet."""
    prompts = PromptSettings(order=order, max_tokens=WINDOW_TOKENS)  # type: ignore[arg-type] # one of three
    with llamacpp_server(context_tokens=4_096) as url:
        settings = Settings(
            backend=BackendSettings(kind="llamacpp", url=url),
            completion=CompletionSettings(max_tokens=1),
            prompt=prompts,
        )
        async with aclosing(connect(settings.backend, no_progress)) as backend:
            count = Count()
            for keys in range(KEYSTROKES + 1):
                read, known = await asked(backend, make(request_after(keys), settings))
                if keys:
                    count.read += read
                    count.known += known
    return count


def request_after(keys: int) -> CompletionRequest:
    """Return what an editor asks after so many keystrokes."""
    text = Text(CODE).replace(AT, AT, TYPED[:keys])
    return CompletionRequest(
        Document("file:///a.py", "python", keys, text), AT + keys, Trigger.AUTOMATIC
    )


async def asked(backend: Backend, prompt: Prompt) -> tuple[int, int]:
    """Return how many tokens were read, and how many known."""
    evaluation = None
    async with backend.stream(prompt) as deltas:
        async for delta in deltas:
            evaluation = delta.evaluation or evaluation
    assert evaluation is not None
    return evaluation.tokens, evaluation.cached


def ours(request: CompletionRequest, settings: Settings) -> Prompt:
    """Show what the server shows."""
    return plan(request, ModelInfo("codellama-7b", 4_096, takes_ids=True), settings).prompt()


def sliding(request: CompletionRequest, settings: Settings) -> Prompt:
    """Show so many characters before and after the cursor, as other engines do."""
    text, chars = request.document.text, WINDOW_TOKENS * 3
    before, after = (
        text.before(request.offset, chars * 4 // 5),
        text.after(request.offset, chars // 5),
    )
    return render(CODE_LLAMA, before, after, settings=settings)


if __name__ == "__main__":
    sys.exit(main())
