"""Settings: what each source may say, who wins, and that a secret stays where it belongs."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from infill_ls.settings.read import GUARDED, SECRET, Layer, Loaded, allowed, leaves, load, nested
from infill_ls.settings.sources import (
    from_editor,
    from_environment,
    from_initialization_options,
    from_user_file,
    user_file,
)
from infill_ls.settings.tree import BackendSettings, Settings

HOST = "https://models.example"
OTHER = "https://elsewhere.example"

EMBEDDED = msgspec.to_builtins(BackendSettings(kind="embedded"))

# For each key two values that are taken, and one that is not.
VALUES: dict[str, tuple[object, object, object]] = {
    "backend.kind": ("tgi", "ollama", "vllm"),
    "backend.url": (HOST, HOST + "/v2", 8080),
    "backend.model": ("codellama", "a.gguf", ["codellama"]),
    "backend.token": ("abc", "def", 5),
    "backend.headers": ({"X-A": "1"}, {}, {"X-A": 1}),
    "backend.caBundle": ("/etc/a.pem", "b.pem", True),
    "backend.clientCertificate": ("/etc/a.pem", "b.pem", True),
    "backend.verifyTls": (False, True, "off"),
    "backend.connectTimeoutMs": (100, 60_000, 99),
    "backend.readTimeoutMs": (100, 600_000, 600_001),
    "backend.contextTokens": (512, 131_072, 0),
    "backend.idleMinutes": (0, 1_440, 0.5),
    "backend.useCache": (False, True, 0),
    "backend.inFlight": (1, 64, 0),
    "backend.patienceS": (0, 3_600, -1),
    "fallback": ((EMBEDDED,), (), [{"kind": "vllm"}]),
    "chatBackend": (EMBEDDED, {"kind": "tgi", "url": HOST}, {"kind": "vllm"}),
    "chat.system": ("Be brief.", "", 5),
    "chat.maxTokens": (1, 32_768, 0),
    "chat.temperature": (0, 2, 2.5),
    "chat.topP": (0.5, 1, 1.5),
    "chat.actions": ({"Add types": "Add type hints."}, {}, ["Add types"]),
    "completion.enabled": (False, True, "off"),
    "completion.disabledLanguages": (("markdown",), (), "markdown"),
    "completion.disabledPaths": (("*.md", "docs/"), (), (1,)),
    "completion.lookAhead": (False, True, "no"),
    "completion.debounceMs": (0, 5_000, -1),
    "completion.lines": ("single", "multi", "all"),
    "completion.maxTokens": (1, 4_096, 1.5),
    "completion.temperature": (2, 0.5, float("nan")),
    "completion.doSample": (True, False, "yes"),
    "completion.topP": (0.5, 1, 1.5),
    "completion.topK": (0, 40, -1),
    "completion.typicalP": (0.5, 1, 2),
    "completion.repetitionPenalty": (1.1, 10, 11),
    "completion.frequencyPenalty": (-2, 2, 3),
    "completion.seed": (0, 2**53 - 1, 2**53),
    "completion.stop": (("a",), (), ("a", "")),
    "completion.maxFileSize": (1_000, 2_000, "1 MB"),
    "prompt.template": ("plain", "codellama", "gpt"),
    "prompt.order": ("spm", "psm", "SPM"),
    "prompt.maxTokens": (16, 100_000, 15),
    "prompt.suffixShare": (0, 0.9, 1),
    "prompt.contextShare": (0, 0.9, 1),
    "prompt.readAhead": (False, True, "no"),
    "privacy.useGitignore": (False, True, "no"),
    "cache.entries": (0, 100_000, True),
    "cache.ttlS": (1, 86_400, 10**400),
    "measurement.enabled": (False, True, "no"),
    "image.url": (HOST, OTHER, 8080),
    "image.model": ("a/b", "c", 5),
    "image.token": ("abc", "def", 5),
    "log.level": ("debug", "error", "trace"),
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def layer(values: Mapping[str, object], source: str = "a file", *, trusted: bool = True) -> Layer:
    return Layer(source, nested(values), trusted)


def value_of(loaded: Loaded, key: str) -> object:
    section, _, name = key.partition(".")
    value = msgspec.to_builtins(loaded.settings)[section]
    return value[name] if name else value


def test_every_key_is_tried() -> None:
    """The table of this file has each setting, and none that is gone."""
    assert set(VALUES) == {key for key, _ in leaves()}


@pytest.mark.parametrize("key", VALUES)
def test_value_is_used(key: str) -> None:
    """A good value is in force, and is said to come from its source."""
    loaded = load([layer({key: VALUES[key][0]})])

    assert value_of(loaded, key) == VALUES[key][0]
    assert (loaded.origins, loaded.problems) == ({key: "a file"}, ())


@pytest.mark.parametrize("key", VALUES)
def test_bad_value_costs_only_itself(key: str) -> None:
    """A value that cannot be used leaves its default, and all other keys as they are set."""
    good = {other: values[0] for other, values in VALUES.items()}
    if key.endswith(".url"):
        good = {other: value for other, value in good.items() if other not in SECRET}

    loaded = load([layer(good | {key: VALUES[key][2]})])

    assert value_of(loaded, key) == value_of(load([]), key)
    assert {other: value_of(loaded, other) for other in good.keys() - {key}} == {
        other: good[other] for other in good.keys() - {key}
    }
    assert [problem.key for problem in loaded.problems] == [key]


@pytest.mark.parametrize("key", VALUES)
def test_bad_value_does_not_win(key: str) -> None:
    """Where a stronger source says nonsense, the weaker one's value stays in force."""
    loaded = load([layer({key: VALUES[key][0]}), layer({key: VALUES[key][2]}, "the editor")])

    assert value_of(loaded, key) == VALUES[key][0]
    assert loaded.origins == {key: "a file"}


@pytest.mark.parametrize("key", VALUES)
def test_message_names_key_source_value_and_what_is_allowed(key: str) -> None:
    """The user can mend a value from its message alone."""
    bad = VALUES[key][2]

    [problem] = load([layer({key: bad}, "config.toml")]).problems

    shown = "its value" if key in {*SECRET, "fallback", "chatBackend"} else repr(bad)[:60]
    assert str(problem).startswith(f"{key} in config.toml: {shown}")
    assert f" is not {allowed(dict(leaves())[key])}" in str(problem)


def test_all_problems_are_in_one_message() -> None:
    """Of all sources together, there is one message, and none where all is well."""
    loaded = load(
        [
            Layer("config.toml", {}, unreadable="the file cannot be read (gone)"),
            layer({"log.level": "loud", "cache.entries": -1}, "the editor"),
            layer({"cache.size": 3}, "the environment"),
        ]
    )

    assert loaded.problem_message() == (
        "Some settings are not used: "
        "everything in config.toml: the file cannot be read (gone); "
        "log.level in the editor: 'loud' is not one of debug, error, info, warning; "
        "cache.entries in the editor: -1 is not a whole number from 0 to 100000; "
        "cache.size in the environment: there is no such setting"
    )
    assert load([]).problem_message() == ""


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"completions": {"enabled": False}}, "completions"),
        ({"completion": {"enable": False}}, "completion.enable"),
        ({"completion": {"max_tokens": 5}}, "completion.max_tokens"),
        ({"backend": {"tls": {"verify": False}}}, "backend.tls"),
        ({"": 1}, ""),
    ],
)
def test_unknown_key_is_reported(values: dict[str, object], key: str) -> None:
    """A key that is misspelled does not pass in silence."""
    loaded = load([Layer("a file", values)])

    assert [str(problem) for problem in loaded.problems] == [
        f"{key} in a file: there is no such setting"
    ]
    assert loaded.settings == Settings()


@pytest.mark.parametrize("section", ["on", 3, True, [1], ["abc"]])
def test_section_that_is_no_table_costs_only_itself(section: object) -> None:
    """The other sections of the same source are used."""
    loaded = load([Layer("a file", {"completion": section, "cache": {"entries": 7}})])

    assert [problem.key for problem in loaded.problems] == ["completion"]
    assert loaded.settings.cache.entries == 7


def test_empty_list_is_an_empty_table() -> None:
    """Lua, and so Neovim, sends an empty table as an empty list."""
    loaded = load([from_initialization_options([]), from_editor({"infill-ls": {"cache": []}})])

    assert loaded == load([])


def test_long_value_is_shortened() -> None:
    """A message stays readable whatever was put into a setting."""
    loaded = load([layer({"log.level": "x" * 1_000_000, "cache.entries": list(range(10_000))})])

    assert len(loaded.problem_message()) < 500


def test_later_layers_win_leaf_by_leaf() -> None:
    """A stronger source replaces single values, not sections."""
    loaded = load(
        [
            layer({"cache.entries": 1, "cache.ttlS": 2, "log.level": "debug"}, "one"),
            layer({"cache.entries": 3}, "two"),
            layer({"log.level": "error"}, "three"),
        ]
    )

    assert (loaded.settings.cache.entries, loaded.settings.cache.ttl_s) == (3, 2)
    assert loaded.settings.log.level == "error"
    assert loaded.origins == {"cache.entries": "two", "cache.ttlS": "one", "log.level": "three"}


@pytest.mark.parametrize("key", VALUES)
def test_null_is_unset(key: str) -> None:
    """An editor that sends null for what the user left alone changes nothing."""
    section = key.partition(".")[0]
    weaker = layer({key: VALUES[key][0]})

    for null in (nested({key: None}), {section: None}, {key: None}, {"nothing": None}):
        assert load([weaker, Layer("the editor", null)]) == load([weaker])


def test_dotted_key_is_the_same_key() -> None:
    """A key may be written as in the table of settings, with its section before a dot."""
    tables = layer({"cache.entries": 5, "backend.url": HOST, "backend.token": "abc"})
    dotted = {"backend.token": "abc", "cache.entries": 5, "backend.url": HOST}

    assert load([Layer("a file", dotted)]) == load([tables])


@pytest.mark.parametrize("key", sorted(GUARDED))
def test_guarded_key_is_refused_from_the_editors_configuration(key: str) -> None:
    """A file of a cloned repository cannot choose where code and tokens go, or what is trusted."""
    value = VALUES[key][0]

    for configuration in (nested({key: value}), {"infill-ls": nested({key: value})}, {key: value}):
        loaded = load([from_editor(configuration)])

        assert loaded.settings == Settings()
        assert [problem.key for problem in loaded.problems] == [key]
        assert "the initialization options" in loaded.problem_message()


def test_guarded_keys_are_those_that_decide_where_code_goes() -> None:
    """The list is what the documentation promises: all that is said of back ends."""
    sections = ("backend.", "chatBackend", "fallback", "image.", "privacy.")
    assert {key for key in VALUES if key.startswith(sections)} == GUARDED


@pytest.mark.parametrize("key", sorted(GUARDED))
def test_guarded_key_is_taken_from_the_initialization_options(key: str) -> None:
    """What the user's own configuration starts the server with is trusted."""
    loaded = load([from_initialization_options(nested({key: VALUES[key][0]}))])

    assert value_of(loaded, key) == VALUES[key][0]


def test_unguarded_key_is_taken_from_the_editors_configuration() -> None:
    """A project may say how to complete."""
    loaded = load([from_editor({"infill-ls": {"completion": {"lines": "single"}}})])

    assert loaded.settings.completion.lines == "single"


@pytest.mark.parametrize("wrapped", [False, True])
def test_section_name_may_be_left_out(wrapped: bool) -> None:
    """Some clients send the tree, others a tree that holds it."""
    options: object = {"cache": {"entries": 9}}

    loaded = load([from_initialization_options({"infill-ls": options} if wrapped else options)])

    assert loaded.settings.cache.entries == 9


@pytest.mark.parametrize("options", ["on", 1, [1], {"infill-ls": "on"}])
def test_options_that_are_no_table_are_one_problem(options: object) -> None:
    """Nonsense in place of the tree is reported, not guessed at."""
    loaded = load([from_initialization_options(options)])

    assert loaded.problem_message() == (
        "Some settings are not used: everything in the initialization options: it is not a table"
    )


@pytest.mark.parametrize("options", [None, {}, {"infill-ls": None}, {"infill-ls": {}}])
def test_no_options_are_no_problem(options: object) -> None:
    """An editor need not say anything."""
    assert load([from_initialization_options(options), from_editor(options)]) == load([])


@pytest.mark.parametrize("key", sorted(VALUES.keys() - {"backend.headers"}))
def test_environment_says_everything(key: str) -> None:
    """Each key has a variable, in whose text numbers and truths are recognised."""
    snake = "".join(f"_{letter}" if letter.isupper() else letter for letter in key)
    value = VALUES[key][0]
    text = value if isinstance(value, str) else json.dumps(value)

    loaded = load([from_environment({f"INFILL_LS_{snake.upper().replace('.', '_')}": text})])

    assert value_of(loaded, key) == value
    assert loaded.origins == {key: "the environment"}


def test_headers_in_the_environment_are_json() -> None:
    """A table has to be written in one text."""
    loaded = load([from_environment({"INFILL_LS_BACKEND_HEADERS": '{"X-A": "1"}'})])

    assert loaded.settings.backend.headers == {"X-A": "1"}


@pytest.mark.parametrize("text", ["{abc", "X-A: 1", "", "{", '{"a": 1}', "[]", "\udcff"])
def test_headers_that_are_no_table_are_a_problem(text: str) -> None:
    """Broken JSON in a variable is reported like any other value."""
    loaded = load([from_environment({"INFILL_LS_BACKEND_HEADERS": text})])

    assert [problem.key for problem in loaded.problems] == ["backend.headers"]


@pytest.mark.parametrize("text", ["{abc", "null", "true", "5", "{}"])
def test_text_in_the_environment_is_not_interpreted(text: str) -> None:
    """A token is taken as it stands, even if it looks like JSON."""
    loaded = load([from_environment({"INFILL_LS_BACKEND_TOKEN": text})])

    assert loaded.settings.backend.token == text


def test_environment_reports_what_it_does_not_know() -> None:
    """A misspelled variable is named; those that are not settings, and not ours, are let be."""
    loaded = load(
        [
            from_environment(
                {
                    "INFILL_LS_BACKEND_URI": HOST,
                    "INFILL_LS_CONFIG": "a.toml",
                    "INFILL_LS_MODELS": "models",
                    "HOME": "/home/me",
                }
            )
        ]
    )

    assert [problem.key for problem in loaded.problems] == ["INFILL_LS_BACKEND_URI"]


@pytest.mark.parametrize(
    ("given", "url", "kept"),
    [
        pytest.param([nested({"backend.token": "abc"})], None, True, id="no url at all"),
        pytest.param([nested({"backend.token": "abc"})], HOST, True, id="url named later"),
        pytest.param([nested({"backend.url": HOST, "backend.token": "abc"})], None, True, id="own"),
        pytest.param(
            [nested({"backend.url": HOST, "backend.token": "abc"})], OTHER, False, id="other"
        ),
        pytest.param(
            [nested({"backend.token": "abc", "backend.url": HOST})], OTHER, False, id="token first"
        ),
        pytest.param(
            [{"backend.token": "abc", "backend.url": HOST}], OTHER, False, id="dotted, token first"
        ),
        pytest.param(
            [nested({"backend.url": HOST}), nested({"backend.token": "abc"})],
            OTHER,
            False,
            id="two files",
        ),
        pytest.param(
            [nested({"backend.url": HOST, "backend.token": "abc"}), nested({"backend.url": OTHER})],
            HOST,
            True,
            id="there and back",
        ),
        pytest.param(
            [nested({"backend.url": HOST + "/a", "backend.token": "abc"})],
            HOST + "/b?c#d",
            True,
            id="other path",
        ),
        pytest.param(
            [nested({"backend.url": HOST, "backend.token": "abc"})],
            HOST + ".evil.example",
            False,
            id="longer name",
        ),
        pytest.param(
            [nested({"backend.url": HOST, "backend.token": "abc"})],
            HOST + "@evil.example/",
            False,
            id="host as user name",
        ),
        pytest.param(
            [nested({"backend.url": HOST, "backend.token": "abc"})],
            HOST.replace("https", "http"),
            False,
            id="no TLS",
        ),
        pytest.param(
            [nested({"backend.url": HOST, "backend.token": "abc"})], HOST + ":81", False, id="port"
        ),
        pytest.param(
            [nested({"backend.url": HOST, "backend.token": "abc"})], "", False, id="empty"
        ),
        pytest.param(
            [nested({"backend.url": HOST, "backend.token": "abc"})], "http://[", False, id="broken"
        ),
        pytest.param(
            [nested({"backend.url": "http://[", "backend.token": "abc"})], HOST, False, id="mended"
        ),
        pytest.param(
            [nested({"backend.url": 80, "backend.token": "abc"})], HOST, False, id="not a text"
        ),
        pytest.param(
            [
                nested({"backend.url": HOST, "backend.token": "old"}),
                nested({"backend.token": "abc"}),
            ],
            HOST,
            True,
            id="newer token",
        ),
        pytest.param(
            [
                nested({"backend.url": HOST, "backend.token": "old"}),
                nested({"backend.url": OTHER, "backend.token": "abc"}),
            ],
            OTHER,
            True,
            id="each its own",
        ),
    ],
)
def test_token_is_sent_only_to_the_host_it_was_given_for(
    given: list[dict[str, object]], url: str | None, kept: bool
) -> None:
    """A URL that is overridden takes its token out of force, unless the host stays the same."""
    layers = [Layer(f"file {number}", values) for number, values in enumerate(given)]

    loaded = load([*layers, layer({"backend.url": url}, "the command line")])

    assert loaded.settings.backend.token == ("abc" if kept else None)
    assert ("backend.token" in loaded.origins) == kept
    assert [problem.key for problem in loaded.problems if problem.key in SECRET] == (
        [] if kept else ["backend.token"]
    )


def test_headers_are_kept_from_other_hosts_too() -> None:
    """A header may hold a key of its own."""
    file = layer({"backend.url": HOST, "backend.headers": {"X-Api-Key": "abc"}})

    loaded = load([file, layer({"backend.url": OTHER}, "the command line")])

    assert loaded.settings.backend.headers == {}
    assert "backend.headers in a file: it was given for " + HOST in loaded.problem_message()


def test_secrets_are_nowhere_to_be_read() -> None:
    """Token and headers are in no representation, however it is made, of settings or layers."""
    file = layer(
        {"backend.url": HOST, "backend.token": "sesame", "backend.headers": {"X-Key": "sesame"}}
    )
    loaded = load([file])
    out = io.StringIO()
    Console(file=out).print(loaded, loaded.settings, file)

    shown = [out.getvalue()]
    shown += [f"{each!r} {each}" for each in (file, loaded, loaded.settings.backend)]

    assert loaded.settings.backend.token == "sesame"
    assert "sesame" not in " ".join(shown)
    assert "X-Key" not in " ".join(shown)


@pytest.mark.parametrize(
    "values",
    [
        {"backend": {"token": ["sesame"]}},
        {"backend": {"token": {"value": "sesame"}}},
        {"backend": {"headers": "sesame"}},
        {"backend": {"headers": {"X-Key": ["sesame"]}}},
        {"backend": {"tokens": "sesame"}},
        {"backend": ["sesame"]},
        {"backend": "sesame"},
        {"token": "sesame"},
        {"backend.token": ["sesame"]},
        {"fallback": "sesame"},
        {"fallback": [{"token": ["sesame"]}]},
        {"fallback": [{"headers": {"X-Key": ["sesame"]}}]},
    ],
)
def test_misplaced_secret_is_not_shown(values: dict[str, object]) -> None:
    """The message on a secret that is written wrongly says so without repeating it."""
    for each in (Layer("a file", values), from_editor(values)):
        loaded = load([each])

        assert len(loaded.problems) == 1
        assert "sesame" not in loaded.problem_message() + repr(loaded)


def test_refused_secret_is_not_shown() -> None:
    """Neither is one that is refused for where it comes from, or for where it would go."""
    good = {"backend.url": HOST, "backend.token": "sesame", "backend.headers": {"X-Key": "sesame"}}

    refused = load([from_editor(nested(good))])
    withdrawn = load([layer(good), layer({"backend.url": OTHER})])

    assert len(refused.problems) == 3
    assert len(withdrawn.problems) == 2
    assert "sesame" not in refused.problem_message() + withdrawn.problem_message()


def test_user_file_is_read(tmp_path: Path) -> None:
    """The file is TOML with the same names."""
    path = tmp_path / "config.toml"
    path.write_text('[backend]\nurl = "https://models.example"\n[cache]\nttlS = 5\n', "utf-8")

    loaded = load([from_user_file(path)])

    assert (loaded.settings.backend.url, loaded.settings.cache.ttl_s) == (HOST, 5)
    assert loaded.origins["cache.ttlS"] == str(path)


def test_user_file_may_have_a_byte_order_mark(tmp_path: Path) -> None:
    """Some editors of Windows write one, and line ends of two characters."""
    path = tmp_path / "config.toml"
    path.write_bytes(b'\xef\xbb\xbf[log]\r\nlevel = "debug"\r\n')

    assert load([from_user_file(path)]).settings.log.level == "debug"


def test_missing_user_file_says_nothing(tmp_path: Path) -> None:
    """Nobody needs a file."""
    assert load([from_user_file(tmp_path / "config.toml")]) == load([])


@pytest.mark.parametrize(
    "content",
    [b"[backend\n", b"url = ", b"\xff\xfe\x00", b"a = 1\na = 2\n", b"a = " + b"9" * 5_000],
)
def test_broken_user_file_is_one_problem(tmp_path: Path, content: bytes) -> None:
    """A file that is not TOML costs only itself."""
    path = tmp_path / "config.toml"
    path.write_bytes(content)

    loaded = load([from_user_file(path), layer({"cache.ttlS": 5})])

    [problem] = loaded.problems
    assert str(problem).startswith(f"everything in {path}: the file cannot be read (")
    assert loaded.settings.cache.ttl_s == 5


def test_unreadable_user_file_is_one_problem(tmp_path: Path) -> None:
    """A folder in the file's place is reported like any file that cannot be read."""
    [problem] = load([from_user_file(tmp_path)]).problems

    assert problem.key == "everything"


def test_values_of_toml_that_json_has_not_are_refused(tmp_path: Path) -> None:
    """A date is not a text, and not-a-number is not a number."""
    path = tmp_path / "config.toml"
    path.write_text("[backend]\nmodel = 2024-01-01\n[completion]\ntemperature = nan\n", "utf-8")

    loaded = load([from_user_file(path)])

    assert [problem.key for problem in loaded.problems] == [
        "backend.model",
        "completion.temperature",
    ]


def test_user_file_can_be_named() -> None:
    """A variable names the file; else it is in the user's folder for configuration."""
    assert user_file({"INFILL_LS_CONFIG": "mine.toml"}) == Path("mine.toml")
    assert user_file({}).parts[-2:] == ("infill-ls", "config.toml")


@pytest.mark.parametrize("key", VALUES)
def test_every_key_is_described(key: str) -> None:
    """Each setting says what it does and what it takes."""
    info = dict(leaves())[key]

    assert msgspec.json.schema(info.type)["description"].endswith(".")
    assert allowed(info).startswith(
        ("one of ", "a whole number from ", "a number from ", "a t", "a list", "tr")
    )


def test_settings_are_frozen() -> None:
    """Nobody changes the tree that others look at."""
    with pytest.raises(AttributeError):
        BackendSettings().url = HOST  # type: ignore[misc]


def test_fallback_is_a_list_of_back_ends() -> None:
    """Each table has all the settings of `backend`, with the same defaults."""
    tables = [{"url": HOST, "token": "abc"}, {"kind": "embedded"}]

    loaded = load([layer({"fallback": tables})])

    assert loaded.settings.fallback == (
        BackendSettings(url=HOST, token="abc"),
        BackendSettings(kind="embedded"),
    )


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ([{}, {"inFlight": 0}], "[1].inFlight"),
        ([{"headers": {"X-A": 1}}], "[0].headers[...]"),
        ([{"maxTokens": 5}], "[0]"),
    ],
)
def test_fallback_that_is_wrong_says_where(tables: object, place: str) -> None:
    """A table with a bad value or an unknown key is named by its number."""
    [problem] = load([layer({"fallback": tables})]).problems

    assert problem.reason.endswith(f"the settings of `backend` (at {place})")


@pytest.mark.parametrize(
    ("given", "most"),
    [
        ({}, 1),
        ({"kind": "embedded", "url": HOST}, 1),
        ({"url": "http://localhost:8080"}, 1),
        ({"url": "http://127.0.0.2:8080"}, 1),
        ({"url": "http://[::1]:8080"}, 1),
        ({"url": HOST}, 2),
        ({"url": "http://localhost.example"}, 2),
        ({"url": "http://["}, 2),
        ({"kind": "huggingface"}, 2),
        ({"url": HOST, "inFlight": 5}, 5),
        ({"inFlight": 3}, 3),
    ],
)
def test_local_host_is_asked_one_thing_at_a_time(given: dict[str, object], most: int) -> None:
    """Where the settings do not say, a host on this machine has one request, another has two."""
    assert load([layer(nested({"backend": given}))]).settings.backend.most_in_flight == most


@given(st.sampled_from(sorted(VALUES)), json_values, st.booleans(), st.booleans())
@example("backend.token", "\ud800", True, True)
@example("backend.headers", {"\ud800": "\ud800"}, True, True)
@example("backend.url", "http://[", True, False)
@settings(max_examples=300, deadline=None)
def test_any_value_at_any_key_costs_only_itself(
    key: str, value: object, trusted: bool, lax: bool
) -> None:
    """Whatever JSON a source holds, it neither raises nor changes another key."""
    weaker = layer({key: values[0] for key, values in VALUES.items()})
    raw = json.dumps(value) if lax else value
    before, after = load([weaker]), load([weaker, Layer("any", nested({key: raw}), trusted, lax)])

    changed = {other for other in VALUES if value_of(before, other) != value_of(after, other)}

    assert changed <= ({key} | SECRET if key.endswith(".url") else {key})
    assert all(problem.key in {key} | SECRET for problem in after.problems)
    assert after.problem_message() == "" or len(after.problem_message()) < 400


@given(json_values, st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_tree_is_read(options: object, trusted: bool) -> None:
    """Whatever an editor sends in place of the tree, there are settings and at most one message."""
    source = from_initialization_options if trusted else from_editor

    loaded = load([source(options), source({"infill-ls": options}), source({"backend": options})])

    assert isinstance(loaded.settings, Settings)
    assert isinstance(loaded.problem_message(), str)
