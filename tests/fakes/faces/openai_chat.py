"""How hosts of OpenAI's kind differ in chat."""

from __future__ import annotations

from collections.abc import Mapping

from fakes.faces.messages import Conversation, Manner

CHAT_PATHS: Mapping[str, str] = {"deepseek": "/chat/completions"}
"""By the names of flavours, like all here; others have the usual one."""

USUAL_MANNER = Manner(opening={"role": "assistant", "content": "", "refusal": None}, closing={})
_VLLM = Manner(opening={"role": "assistant", "content": ""})
MANNERS: Mapping[str, Manner] = {
    "vllm": _VLLM,
    "old vllm": _VLLM,
    "mistral": Manner(opening={"role": "assistant", "content": ""}, counts="always"),
    "deepseek": Manner(
        opening={"role": "assistant", "content": ""},
        every={"role": "assistant"},
        closing={"role": None, "content": ""},
        counts="always",
    ),
}

NO_TEMPLATE = (
    "As of transformers v4.44, default chat template is no longer allowed, so you must provide a"
    " chat template if the tokenizer does not define one."
)


class Chat(Conversation, forbid_unknown_fields=True):
    """A conversation for Mistral, which takes no other names here either."""

    min_tokens: int | None = None
    random_seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    safe_prompt: bool = False
    stream_options: None = None
    """Not there; only so that all kinds of request can be read alike."""
