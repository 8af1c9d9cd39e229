"""Show what is configured, and whether a completion can be had with it.

The exit status is 0 only if it can. Each failure says what to do about it.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from msgspec import structs

from infill_ls.backends import hub_token
from infill_ls.backends.base import Backend
from infill_ls.backends.connect import connect
from infill_ls.backends.http import tls
from infill_ls.cli.configured import above_editor, add_backend_options, below_editor
from infill_ls.cli.console import err, out, progress, say, table
from infill_ls.completion.completer import Completer
from infill_ls.completion.hosts.reader import form_of
from infill_ls.errors import InfillError
from infill_ls.prompt.budget import Form
from infill_ls.prompt.build import dialect_for, plan
from infill_ls.prompt.dialects import PLAIN, SIDES
from infill_ls.settings.read import Loaded, load
from infill_ls.settings.sources import user_file
from infill_ls.settings.tree import BackendSettings, Settings
from infill_ls.text import Text
from infill_ls.types import CompletionRequest, Document, Trigger

_SAMPLE = "def add(a, b):\n    return "
_SAMPLE_REST = "\n\n\nprint(add(1, 2))\n"


_FORMS: dict[Form, str] = {
    "exact": "reach the model whole",
    "safe": "reach the model whole, because a suffix is shown from behind what would break them",
    "foreign": "the model has none such, so only the code before the cursor is used; "
    "if it can infill, set prompt.template",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table."""

    subject: str
    verdict: Literal["ok", "note", "failed"]
    text: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_backend_options(parser)


def run(args: argparse.Namespace) -> int:
    """Look at everything in turn; return 0 only if a completion can be had."""
    loaded = load((*below_editor(), *above_editor(args)))
    findings = _settings(loaded)
    hosts = asyncio.run(_hosts(loaded.settings))
    for number, found in enumerate(hosts):
        name = f"fallback {number}: " if number else ""
        findings += [replace(finding, subject=name + finding.subject) for finding in found]
    table(("checked", "", "found"), [(f.subject, f.verdict, f.text) for f in findings])
    working = [not any(finding.verdict == "failed" for finding in found) for found in hosts]
    say(out() if any(working) else err(), _conclusion(working))
    return 0 if any(working) else 1


def _conclusion(working: list[bool]) -> str:
    if working[0]:
        return "All is well"
    return f"Fallback {working.index(True)} answers" if any(working) else "No completion can be had"


def _settings(loaded: Loaded) -> list[Finding]:
    file = user_file()
    there = "" if file.exists() else " (not there, which is fine)"
    return [
        Finding("settings file", "ok", f"{file}{there}"),
        *(
            Finding(f"setting {key}", "ok", f"from {source}")
            for key, source in loaded.origins.items()
        ),
        *(Finding("setting", "note", str(problem)) for problem in loaded.problems),
    ]


async def _hosts(settings: Settings) -> list[list[Finding]]:
    """Return what is found of each back end, each tried as if there were no other."""
    backends = (settings.backend, *settings.fallback)
    return [
        # What is true now is asked for, so nothing is waited for.
        await _host(
            structs.replace(settings, backend=structs.replace(backend, patience_s=0), fallback=())
        )
        for backend in backends
    ]


async def _host(settings: Settings) -> list[Finding]:
    """Return the findings up to the first failure, behind which nothing can be tried."""
    findings = [
        Finding("token", "ok", _token(settings.backend)),
        Finding(
            "TLS", "ok" if settings.backend.verify_tls else "note", tls.describe(settings.backend)
        ),
    ]
    try:
        backend = connect(settings.backend, progress)
        async with aclosing(backend):
            async for finding in _prompts(settings, backend):
                findings.append(finding)  # noqa: PERF401 - kept if the next one fails
            findings.append(await _completion(settings, backend))
    except InfillError as error:
        findings.append(Finding("completion", "failed", error.sentence()))
    return findings


def _token(backend: BackendSettings) -> str:
    if backend.token:
        return "given, never shown"
    if backend.kind == "huggingface" and hub_token.find():
        return "the one that Hugging Face's own tools keep, never shown"
    return "none"


async def _prompts(settings: Settings, backend: Backend) -> AsyncIterator[Finding]:
    """Yield what the host serves, and how prompts reach it."""
    model = await backend.model()
    where = settings.backend.url or "on this machine"
    yield Finding("back end", "ok", f"{backend.kind}, {where}")
    yield Finding("model", "ok", model.name or "the host does not say")
    context = f"{model.context_tokens} tokens" if model.context_tokens else "the host does not say"
    yield Finding("context", "ok", context)

    dialect = dialect_for(model, settings)
    if dialect is PLAIN:
        text = "unknown for this model, so only the code before the cursor is used; "
        yield Finding("infilling", "note", text + "if it can infill, set prompt.template")
    else:
        own = "the host's own" if dialect is SIDES else dialect.name
        yield Finding("infilling", "ok", f"format {own}")
    how = await backend.check(plan(_sample(), model, settings).prompt())
    yield Finding("prompts", "ok", how)
    form = await form_of(backend, model, dialect)
    yield Finding("control tokens", "note" if form == "foreign" else "ok", _FORMS[form])


async def _completion(settings: Settings, backend: Backend) -> Finding:
    completion = await Completer(settings, lambda _: backend, progress).complete(_sample())
    if completion is None:
        return Finding("completion", "note", "the model has nothing to say after `return`")
    report = completion.report
    first = report.total_ms if report.first_token_ms is None else report.first_token_ms
    return Finding(
        "completion",
        "ok",
        f"{completion.text!r}, first token after {first:.0f} ms, all {report.total_ms:.0f} ms",
    )


def _sample() -> CompletionRequest:
    document = Document("untitled:doctor.py", "python", 0, Text(_SAMPLE + _SAMPLE_REST))
    return CompletionRequest(document, len(_SAMPLE), Trigger.INVOKED)
