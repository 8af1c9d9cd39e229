"""What llama.cpp has read it need not read again: its own counts, keystroke by keystroke."""

from __future__ import annotations

from contextlib import aclosing

from fakes.asking import no_progress
from fakes.llamacpp import llamacpp_server
from infill_ls.backends.connect import connect
from infill_ls.prompt.build import plan
from infill_ls.settings.tree import BackendSettings, CompletionSettings, PromptSettings, Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, Trigger

ABOVE = "".join(f"def price_of_{n}(item):\n    return item.price * {n}\n\n\n" for n in range(200))
BELOW = "".join(f"def total_of_{n}(items):\n    return sum(items) + {n}\n\n\n" for n in range(200))
TYPED = """\
def discount(self, item, rate):
    price = self.price_of(item)
    return price * (1 - rate) if rate else price
"""
KEYSTROKES = 100
"""Not more than are typed: the very same prompt once more loses this server's cache."""


async def test_a_hundred_keystrokes_are_read_once() -> None:
    """With the suffix first, at most 2 % of the tokens of all prompts are read again."""
    read = known = 0
    with llamacpp_server(context_tokens=4_096) as url:
        settings = Settings(
            backend=BackendSettings(kind="llamacpp", url=url),
            completion=CompletionSettings(max_tokens=1),
            prompt=PromptSettings(order="spm", max_tokens=512),
        )
        async with aclosing(connect(settings.backend, no_progress)) as backend:
            model = await backend.model()
            for keys in range(KEYSTROKES + 1):
                text = Text(ABOVE + TYPED[:keys] + BELOW)
                document = Document("file:///a.py", "python", keys, text)
                request = CompletionRequest(document, len(ABOVE) + keys, Trigger.AUTOMATIC)
                prompt = plan(request, model, settings).prompt()
                async with backend.stream(prompt) as deltas:
                    told = [delta.evaluation async for delta in deltas if delta.evaluation]
                if keys:
                    read += told[0].tokens
                    known += told[0].cached

    assert read / (read + known) <= 0.02
    assert known > 100 * KEYSTROKES
