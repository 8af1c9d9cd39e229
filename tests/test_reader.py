"""What is learned of a host: its speed, how dense it counts, and how it reads control tokens."""

from __future__ import annotations

import pytest
import sentencepiece

from fakes.asking import no_progress
from fakes.backend import ScriptedBackend, Steps
from fakes.faces.tgi import Tgi
from fakes.host import FakeHost
from fakes.llamacpp import SHARED, existing, llamacpp_server
from infill_ls.backends.connect import connect
from infill_ls.completion.hosts.learned import Learned
from infill_ls.completion.hosts.reader import Reader, form_of
from infill_ls.prompt import probe
from infill_ls.prompt.budget import Form
from infill_ls.prompt.build import render
from infill_ls.prompt.dialects import CODE_LLAMA, DIALECTS, PLAIN, QWEN_CODER, SIDES, Dialect
from infill_ls.prompt.measure import USUAL_SCALE
from infill_ls.settings.tree import BackendSettings, Settings
from infill_ls.types import Code, Control, Delta, Evaluation, ModelInfo, Prompt

MODEL = ModelInfo("codellama/CodeLlama-7b-hf", None)
PROMPT = render(CODE_LLAMA, "x = 1\n" * 100, "\ny = 2\n", settings=Settings())


def told(tokens: int, cached: int, seconds: float) -> Delta:
    return Delta("x", evaluation=Evaluation(tokens, cached, seconds))


@pytest.mark.parametrize(
    ("measured", "value"),
    [
        ([100], 100),
        ([100, 110, 90, 120], 100),  # it wavers
        ([100, 1_000], 550),
        ([100, 100, 100, 1_000], 100),  # once is no change
        ([100, 100, 1_000, 1_000, 1_000], 1_000),
    ],
)
def test_figure_is_held_until_it_has_changed(measured: list[float], value: float) -> None:
    """What is made by it stays the same while the measurements only waver."""
    figure = Learned(None, tolerance=0.3)

    for each in measured:
        figure.learn(each)

    assert figure.value == value


async def reading_after(*deltas: Delta, first_s: float = 1.0) -> tuple[float | None, float]:
    reader = Reader()
    for delta in deltas:
        reader.learn(PROMPT, delta, first_s)
    found = await reader.reading(ScriptedBackend(MODEL, Steps()), MODEL, CODE_LLAMA)
    return found.tokens_per_s, found.scale


async def test_a_new_host_is_taken_for_a_usual_one() -> None:
    """Nothing is known of its speed."""
    assert await reading_after() == (None, USUAL_SCALE)


async def test_speed_is_what_the_host_says_of_what_it_read() -> None:
    """What was in its cache does not count, nor does the network."""
    speed, _ = await reading_after(told(50, 300, 1.0), first_s=9.0)

    assert speed == 50


async def test_a_few_tokens_tell_nothing_of_the_speed() -> None:
    """They cost as much as the request itself."""
    speed, _ = await reading_after(told(3, 300, 1.0))

    assert speed is None


async def test_speed_follows_from_the_first_token_where_the_host_says_nothing() -> None:
    """It has read the prompt by then, or found it in its cache."""
    speed, _ = await reading_after(Delta("x"), first_s=2.0)

    assert speed is not None
    assert 100 < speed < 250


async def test_scale_is_what_the_host_counts_for_each_piece() -> None:
    """Known and unknown tokens together are the prompt."""
    _, usual = await reading_after(told(100, 380, 1.0))
    _, dense = await reading_after(told(400, 600, 1.0))
    _, denser = await reading_after(told(800, 1_200, 1.0))

    assert usual == USUAL_SCALE  # what is about as expected changes nothing
    assert denser == pytest.approx(2 * dense)


CODE = "".join(f"total_{n} = first_{n} + second_{n}\n" for n in range(150))


async def counted(*texts: str, room: int) -> int:
    """Return how often a host counts that finds 2,400 tokens each time."""
    backend, asked = ScriptedBackend(MODEL, Steps()), list[Prompt]()

    def count(prompt: Prompt) -> int:
        asked.append(prompt)
        return 2_400

    backend.counts = count
    reader = Reader()
    for text in texts:
        await reader.tokens_of(backend, render(CODE_LLAMA, text, "", settings=Settings()), room)
    return len(asked)


async def test_the_host_counts_once_while_one_types() -> None:
    """What is new in a prompt is little, and the rest is known to be ordinary."""
    typed = "if total_1:"

    states = (CODE + typed[:length] for length in range(len(typed) + 1))

    assert await counted(*states, room=6_000) == 1


async def test_the_host_counts_where_much_is_new() -> None:
    """Other lines may be denser than those that it has counted."""
    assert await counted(CODE, CODE.replace("total", "sum"), room=6_000) == 2


async def test_the_host_counts_each_time_near_its_limit() -> None:
    """Even a little more may be too much."""
    assert await counted(CODE, CODE + "x", CODE + "xy", room=2_500) == 3


async def test_the_host_counts_nothing_that_is_short_enough_in_any_case() -> None:
    """No text is as dense as that."""
    assert await counted(CODE, room=100_000) == 0


@pytest.mark.parametrize(
    ("kept", "form"),
    [
        (lambda prompt: True, "exact"),
        (lambda prompt: False, "foreign"),
        (lambda prompt: not any(is_fragile(part) for part in prompt.parts), "safe"),
        (None, "safe"),
    ],
    ids=["all", "none", "all but where they break", "not told"],
)
async def test_form_follows_from_how_the_host_reads(kept: object, form: Form) -> None:
    """A host that cannot be asked gets the safe form."""
    backend = ScriptedBackend(MODEL, Steps())
    backend.keeping = kept  # type: ignore[assignment] # one of the four

    assert await form_of(backend, MODEL, CODE_LLAMA) == form


def is_fragile(part: Code | Control) -> bool:
    return isinstance(part, Code) and part.segments[0].startswith(")")


@pytest.mark.parametrize("dialect", [PLAIN, SIDES])
async def test_a_format_without_tokens_needs_no_probe(dialect: Dialect) -> None:
    """Nothing can be lost of it."""
    backend = ScriptedBackend(MODEL, Steps())
    backend.keeping = lambda _: pytest.fail("asked")
    model = ModelInfo("m", None, infills=dialect is SIDES)

    assert await form_of(backend, model, dialect) == "exact"


async def test_a_host_is_probed_once_for_each_model() -> None:
    """What is known of how it reads a model does not change."""
    backend, asked = ScriptedBackend(MODEL, Steps()), list[Prompt]()
    backend.keeping = lambda prompt: not asked.append(prompt)  # type: ignore[func-returns-value]
    reader = Reader()

    for model in (MODEL, MODEL, ModelInfo("codellama-13b", None), MODEL):
        await reader.reading(backend, model, CODE_LLAMA)

    assert len(asked) == 4  # two for each


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_probes_hold_nothing_of_a_buffer(dialect: Dialect) -> None:
    """They are the format's tokens, and an x after each start that may break one."""
    probes = [probe.opening(dialect)]
    if dialect.shows_suffix:
        probes.append(probe.fragile(dialect))

    texts = [part.plain() for each in probes for part in each.parts if isinstance(part, Code)]
    assert texts == ["x", *(f"{start}x" for start in dialect.fragile)]


@pytest.fixture(scope="module")
def vocabulary() -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(
        model_file=str(existing(SHARED / "data" / "codellama-vocabulary.model"))
    )


@pytest.mark.parametrize(
    ("dialect", "old", "form"),
    [
        (CODE_LLAMA, False, "safe"),
        (CODE_LLAMA, True, "safe"),
        (QWEN_CODER, False, "foreign"),
        (QWEN_CODER, True, "exact"),  # no text breaks it; whether the model has it is not told
    ],
)
async def test_tgi_is_probed_through_its_tokenizer(
    vocabulary: sentencepiece.SentencePieceProcessor, dialect: Dialect, form: Form, *, old: bool
) -> None:
    """With the true vocabulary, ▁<SUF> is lost before a bracket and kept before a letter."""

    def tokens(text: str) -> list[tuple[int, str]]:
        return [(i, vocabulary.id_to_piece(i)) for i in [1, *vocabulary.encode(text)]]

    with FakeHost(Tgi(old=old, tokenize=tokens)) as host:
        backend = connect(BackendSettings(kind="tgi", url=host.url), no_progress)
        found = await form_of(backend, await backend.model(), dialect)
        await backend.aclose()

    assert found == form


async def test_tgi_that_keeps_its_tokens_whole_gets_the_suffix_as_it_is() -> None:
    """Its tokenizer reads them as such wherever they stand."""
    with FakeHost(Tgi()) as host:
        backend = connect(BackendSettings(kind="tgi", url=host.url), no_progress)
        found = await form_of(backend, await backend.model(), CODE_LLAMA)
        await backend.aclose()

    assert found == "exact"


@pytest.mark.parametrize(("dialect", "form"), [(CODE_LLAMA, "exact"), (QWEN_CODER, "foreign")])
async def test_llamacpp_is_probed_through_its_tokenizer(dialect: Dialect, form: Form) -> None:
    """The real server has Code Llama's tokens, and none of Qwen's."""
    with llamacpp_server() as url:
        backend = connect(BackendSettings(kind="llamacpp", url=url), no_progress)
        found = await form_of(backend, await backend.model(), dialect)
        await backend.aclose()

    assert found == form
