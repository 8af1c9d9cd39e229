"""What TGI's model says before something ends it, and how TGI tells of an error."""

from __future__ import annotations

import re
from typing import Literal

from fakes.faces.tgi_checks import Body
from fakes.script import EOS, Answer, Token, Trouble

Finish = Literal["length", "eos_token", "stop_sequence"]

STATUS = {
    "validation": 422,
    "generation": 424,
    "overloaded": 429,
    "incomplete_generation": 500,
    "incomplete_generation_stream": 500,
    "healthcheck": 503,
    "template_error": 422,
}


def generated(answer: Answer, body: Body) -> tuple[list[Token], Finish]:
    """Let the model say its tokens, one by one, until something ends it.

    Inside one step the length is looked at first, then the end token, then the stop texts, which
    only count where the output ends with one of them.
    """
    said: list[Token] = []
    whole = answer.trouble is None and answer.cut is None
    end = (EOS,) if whole and answer.finish == "eos" else ()
    for token in answer.tokens + end:
        said.append(token)
        if len(said) == body.parameters.max_new_tokens:
            return said, "length"
        if token == EOS:
            return said, "eos_token"
        if _stopped(said, body.parameters.stop):
            return said, "stop_sequence"
    return said, "length"


def _stopped(said: list[Token], stops: list[str]) -> bool:
    text = "".join(token.text for token in said)
    # `$` also matches before a last line break, and so it does in the host.
    return any(re.search(f"{re.escape(stop)}$", text) for stop in stops)


def refused(words: str) -> Answer:
    """Return the answer to a request that a check refuses."""
    return Answer(trouble=Trouble(f"Input validation error: {words}", "validation"))


def error(trouble: Trouble) -> dict[str, object]:
    """Return an error as a body or as an event."""
    return {"error": trouble.message, "error_type": trouble.type}
