"""The settings, as one frozen tree; swapped whole when anything changes.

In JSON and TOML the names are camelCase. Each description stands in README's table of settings,
which a test holds to this file.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from infill_ls.settings.address import is_loopback

Kind = Literal["auto", "embedded", "llamacpp", "tgi", "huggingface", "endpoint", "ollama", "openai"]


class BackendSettings(
    Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """Where the model is. Only trusted sources may set these (see `sources.py`)."""

    kind: Annotated[
        Kind,
        Meta(
            description="What serves the model; `auto` takes `backend.url` if there is one "
            "(asking it what it is), else the embedded model if it is there. `huggingface` is the "
            "hosted API, `endpoint` an Inference Endpoint, `openai` vLLM and all that speak so."
        ),
    ] = "auto"
    url: Annotated[
        str | None,
        Meta(
            description="The host's address, for instance `http://localhost:8080`. "
            "Empty for `huggingface`: Hugging Face's own."
        ),
    ] = None
    model: Annotated[
        str | None,
        Meta(
            description="The model's name; for `embedded` also the path of a GGUF file. "
            "Empty: what the host says, or the embedded model's own."
        ),
    ] = None
    token: Annotated[
        str | None,
        Meta(
            description="Sent as `Authorization: Bearer`, to `backend.url` alone. "
            "Empty for `huggingface`: the one that `hf auth login` keeps."
        ),
    ] = None
    headers: Annotated[dict[str, str], Meta(description="Further headers for `backend.url`.")] = (
        field(default_factory=dict)
    )
    ca_bundle: Annotated[
        str | None, Meta(description="A PEM file of certificate authorities to trust.")
    ] = None
    client_certificate: Annotated[
        str | None,
        Meta(description="A PEM file with the certificate that is shown to the host, and its key."),
    ] = None
    verify_tls: Annotated[
        bool,
        Meta(
            description="Off: whoever answers in the host's place reads code and token. "
            "To trust a host's own certificate, set `backend.caBundle`."
        ),
    ] = True
    connect_timeout_ms: Annotated[
        int, Meta(ge=100, le=60_000, description="How long a connection may take.")
    ] = 3_000
    read_timeout_ms: Annotated[
        int, Meta(ge=100, le=600_000, description="How long the host may be silent.")
    ] = 20_000
    context_tokens: Annotated[
        int,
        Meta(
            ge=512,
            le=131_072,
            description="Context of the embedded model and of Ollama's; memory grows with it.",
        ),
    ] = 4_096
    idle_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=1_440,
            description="How long the embedded model stays loaded when its last user, of all "
            "editors and commands, has gone.",
        ),
    ] = 5
    use_cache: Annotated[
        bool, Meta(description="False has `huggingface` generate even what it answered before.")
    ] = True
    in_flight: Annotated[
        Annotated[int, Meta(ge=1, le=64)] | None,
        Meta(
            description="At most this many completions are asked for at once. "
            "Empty: 1 where the host is this machine, else 2."
        ),
    ] = None
    patience_s: Annotated[
        int,
        Meta(
            ge=0,
            le=3_600,
            description="How long an invoked completion waits for a model that is loading or a "
            "host that has too much to do.",
        ),
    ] = 300

    @property
    def host(self) -> str:
        """What answers, as far as the settings tell; equal for two that ask the same host."""
        return self.url or self.kind

    @property
    def most_in_flight(self) -> int:
        """How many completions may be asked for at once."""
        if self.in_flight is not None:
            return self.in_flight
        return 1 if self.is_local else 2

    @property
    def is_local(self) -> bool:
        """Whether this machine serves the model, as far as the settings tell."""
        is_embedded = self.kind == "embedded" or (self.kind == "auto" and not self.url)
        return is_embedded or is_loopback(self.url or "")

    def __repr__(self) -> str:
        """Leave out what must never reach a log: the token and the headers."""
        return f"BackendSettings(kind={self.kind!r}, url={self.url!r}, model={self.model!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Leave out the same where rich prints the tree."""
        return [("kind", self.kind), ("url", self.url), ("model", self.model)]


class CompletionSettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """When to complete, and how much."""

    enabled: Annotated[
        bool, Meta(description="Complete while typing; an invoked completion always works.")
    ] = True
    disabled_languages: Annotated[
        tuple[str, ...],
        Meta(
            description="Languages, as the editor names them (`markdown`), in which nothing is "
            "completed while typing."
        ),
    ] = ()
    disabled_paths: Annotated[
        tuple[str, ...],
        Meta(
            description="The same for files, by their path in the workspace, in the syntax of "
            "`.gitignore`."
        ),
    ] = ()
    look_ahead: Annotated[
        bool,
        Meta(
            description="While a suggestion stands, have a model on this machine write what comes "
            "after it."
        ),
    ] = True
    debounce_ms: Annotated[
        Annotated[int, Meta(ge=0, le=5_000)] | None,
        Meta(
            description="Pause before an automatic completion asks the host. Empty: 25 to 125, by "
            "how fast you type and the host answers, and longer while you type something else "
            "than what is suggested."
        ),
    ] = None
    lines: Annotated[
        Literal["auto", "single", "multi"],
        Meta(description="`auto`: one line where code follows the cursor, else several."),
    ] = "auto"
    max_tokens: Annotated[
        int, Meta(ge=1, le=4_096, description="At most this many tokens are generated.")
    ] = 96
    temperature: Annotated[
        float, Meta(ge=0.0, le=2.0, description="0 always takes the likeliest token.")
    ] = 0.0
    do_sample: Annotated[
        bool | None, Meta(description="Sample or not; empty: if the temperature is above 0.")
    ] = None
    top_p: Annotated[
        Annotated[float, Meta(ge=0.0, le=1.0)] | None,
        Meta(description="Sample among the likeliest tokens that together have this probability."),
    ] = None
    top_k: Annotated[
        Annotated[int, Meta(ge=0, le=1_000_000)] | None,
        Meta(description="Sample among this many of the likeliest tokens."),
    ] = None
    typical_p: Annotated[
        Annotated[float, Meta(ge=0.0, le=1.0)] | None,
        Meta(description="Sample among the most typical tokens of this probability."),
    ] = None
    repetition_penalty: Annotated[
        Annotated[float, Meta(ge=0.0, le=10.0)] | None,
        Meta(description="Above 1, tokens that are there already become less likely."),
    ] = None
    frequency_penalty: Annotated[
        Annotated[float, Meta(ge=-2.0, le=2.0)] | None,
        Meta(description="Above 0, tokens become less likely the more often they are there."),
    ] = None
    seed: Annotated[
        Annotated[int, Meta(ge=0, le=2**53 - 1)] | None,
        Meta(description="The same seed samples the same answer, where the host keeps to that."),
    ] = None
    stop: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(description="Texts that end a completion and are not in it."),
    ] = ()
    max_file_size: Annotated[
        int,
        Meta(ge=1_000, le=1_000_000_000, description="Longer files (characters) are left alone."),
    ] = 10_000_000


class PromptSettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the model is shown."""

    template: Annotated[
        Literal[
            "auto",
            "codellama",
            "qwen2.5-coder",
            "starcoder",
            "starcoder2",
            "santacoder",
            "deepseek-coder",
            "codegemma",
            "granite-code",
            "granite",
            "stable-code",
            "refact",
            "codestral",
            "plain",
        ],
        Meta(description="The model's infilling format; `auto` tells it from the model's name."),
    ] = "auto"
    order: Annotated[
        Literal["auto", "psm", "spm"],
        Meta(
            description="Prefix first or suffix first, where the format knows both. `auto`: prefix "
            "first inside a word, else suffix first."
        ),
    ] = "auto"
    max_tokens: Annotated[
        Annotated[int, Meta(ge=16, le=100_000)] | None,
        Meta(
            description="At most this many tokens are shown. Empty: 2048, or what the host "
            "reads in 8 seconds where that is less.",
        ),
    ] = None
    suffix_share: Annotated[
        float,
        Meta(
            ge=0.0,
            le=0.9,
            description="The share of what follows the cursor; what it leaves goes to the rest.",
        ),
    ] = 0.2
    context_share: Annotated[
        float,
        Meta(
            ge=0.0,
            le=0.9,
            description="The share of similar places in other open files; 0 shows none.",
        ),
    ] = 0.3
    read_ahead: Annotated[
        bool,
        Meta(
            description="When a document is opened, have a model on this machine loaded and the "
            "document's beginning read."
        ),
    ] = True


class PrivacySettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is shown to a model. Only trusted sources may set these, like `backend`."""

    use_gitignore: Annotated[
        bool,
        Meta(
            description="Leave alone what `.gitignore` excludes. `.infillignore` files, in the "
            "same syntax, always count."
        ),
    ] = True


class CacheSettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """How long answers are remembered."""

    entries: Annotated[int, Meta(ge=0, le=100_000, description="How many completions.")] = 250
    ttl_s: Annotated[int, Meta(ge=1, le=86_400, description="For how many seconds.")] = 300


class ChatSettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the model is talked to."""

    system: Annotated[
        str, Meta(description="What the model is told before each conversation. Empty: nothing.")
    ] = ""
    max_tokens: Annotated[
        int, Meta(ge=1, le=32_768, description="At most this many tokens in one answer.")
    ] = 1_024
    temperature: Annotated[
        float, Meta(ge=0.0, le=2.0, description="0 always takes the likeliest token.")
    ] = 0.2
    top_p: Annotated[
        Annotated[float, Meta(ge=0.0, le=1.0)] | None,
        Meta(description="Sample among the likeliest tokens that together have this probability."),
    ] = 0.9
    actions: Annotated[
        dict[str, str],
        Meta(
            description="Code actions of your own, by their titles: what the model is told to do "
            "with the selected code."
        ),
    ] = field(default_factory=dict)


class MeasurementSettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is counted on this machine, and nowhere else."""

    enabled: Annotated[
        bool,
        Meta(
            description="Count which suggestions are shown, accepted and kept, for "
            "`infill-ls stats`; no code, no path and no token is kept, and nothing is sent."
        ),
    ] = True


class ImageSettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """What draws pictures. Only trusted sources may set these, like `backend`."""

    url: Annotated[
        str | None,
        Meta(
            description="An address of Hugging Face's API, or of one of its shape. Empty: its own."
        ),
    ] = None
    model: Annotated[str, Meta(description="The model's name.")] = (
        "stabilityai/stable-diffusion-xl-base-1.0"
    )
    token: Annotated[
        str | None,
        Meta(
            description="Sent to `image.url` alone. Empty where that is Hugging Face's own: the "
            "one that `hf auth login` keeps."
        ),
    ] = None

    def __repr__(self) -> str:
        """Leave out the token."""
        return f"ImageSettings(url={self.url!r}, model={self.model!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Leave out the same where rich prints the tree."""
        return [("url", self.url), ("model", self.model)]


class LogSettings(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is written to standard error and to the editor's log."""

    level: Annotated[
        Literal["error", "warning", "info", "debug"],
        Meta(description="`debug` may show code; tokens are shown at no level."),
    ] = "info"


class Settings(Struct, frozen=True, kw_only=True, rename="camel"):
    """The whole tree."""

    backend: BackendSettings = field(default_factory=BackendSettings)
    fallback: Annotated[
        tuple[BackendSettings, ...],
        Meta(
            description="Further back ends, each with the settings of `backend`; while one cannot "
            "answer, the next one does."
        ),
    ] = ()
    chat_backend: Annotated[
        BackendSettings | None,
        Meta(
            description="The back end that chat is for, with the settings of `backend`; without "
            "it that is `backend` itself, whose model is usually no chat model."
        ),
    ] = None
    chat: ChatSettings = field(default_factory=ChatSettings)
    completion: CompletionSettings = field(default_factory=CompletionSettings)
    prompt: PromptSettings = field(default_factory=PromptSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    measurement: MeasurementSettings = field(default_factory=MeasurementSettings)
    image: ImageSettings = field(default_factory=ImageSettings)
    log: LogSettings = field(default_factory=LogSettings)
