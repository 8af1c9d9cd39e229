"""What is known of other places stands before the window, in each format's own way."""

from __future__ import annotations

import pytest

from infill_ls.backends.as_text import text_of
from infill_ls.prompt.build import plan, render
from infill_ls.prompt.dialects import DIALECTS, Dialect, choose
from infill_ls.prompt.snippet import Snippet
from infill_ls.settings.tree import PromptSettings, Settings
from infill_ls.text import Text
from infill_ls.types import Code, CompletionRequest, Document, ModelInfo, Prompt, Trigger

SNIPPETS = (
    Snippet("lib/tax.py", "def tax(net):\n    return net * RATE\n"),
    Snippet("app.py", "import lib\n"),
)
FIRST = Settings(prompt=PromptSettings(order="psm"))


def rendered(name: str, snippets: tuple[Snippet, ...], language: str = "python") -> Prompt:
    document = Document("file:///w/shop/cart.py", language, 1, Text(""), "shop/cart.py")
    return render(
        choose(name, ""), "total = ", "\n", settings=FIRST, snippets=snippets, document=document
    )


COMMENTED = """\
# lib/tax.py:
# def tax(net):
#     return net * RATE
#
# app.py:
# import lib
#
# shop/cart.py:
total = """


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "qwen2.5-coder",
            "<|file_sep|>lib/tax.py\ndef tax(net):\n    return net * RATE\n"
            "<|file_sep|>app.py\nimport lib\n"
            "<|file_sep|>shop/cart.py\n"
            "<|fim_prefix|>total = <|fim_suffix|>\n<|fim_middle|>",
        ),
        (
            "starcoder2",
            "<file_sep>lib/tax.py\ndef tax(net):\n    return net * RATE"
            "<file_sep>app.py\nimport lib"
            "<file_sep>shop/cart.py\n"
            "<fim_prefix>total = <fim_suffix>\n<fim_middle>",
        ),
        (
            "codegemma",
            "lib/tax.py\ndef tax(net):\n    return net * RATE<|file_separator|>"
            "app.py\nimport lib<|file_separator|>"
            "shop/cart.py\n"
            "<|fim_prefix|>total = <|fim_suffix|>\n<|fim_middle|>",
        ),
        ("codellama", f"<PRE> {COMMENTED} <SUF>\n <MID>"),
        ("starcoder", f"<fim_prefix>{COMMENTED}<fim_suffix>\n<fim_middle>"),
        ("plain", COMMENTED),
    ],
)
def test_other_files_stand_where_the_model_expects_them(name: str, text: str) -> None:
    """With the format's tokens for several files, or as comments where it has none."""
    assert text_of(rendered(name, SNIPPETS)) == text


@pytest.mark.parametrize(
    ("language", "sign"),
    [
        ("python", "#"), ("ruby", "#"), ("shellscript", "#"), ("javascript", "//"), ("go", "//"),
        ("rust", "//"), ("cpp", "//"), ("php", "//"), ("lua", "--"), ("sql", "--"),
        ("haskell", "--"), ("clojure", ";"), ("erlang", "%"), ("vim", '"'),
    ],
)  # fmt: skip
def test_comments_are_those_of_the_documents_language(language: str, sign: str) -> None:
    """Each line of a snippet is one, and so are the paths."""
    text = text_of(rendered("plain", SNIPPETS, language))

    *comments, code = text.splitlines()
    assert {line.split(" ")[0] for line in comments} == {sign}
    assert code == "total = "


@pytest.mark.parametrize("language", ["html", "json", "markdown", ""])
def test_where_there_are_no_line_comments_nothing_is_added(language: str) -> None:
    """What cannot be a comment would be code to the model."""
    assert text_of(rendered("codellama", SNIPPETS, language)) == text_of(rendered("codellama", ()))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_without_snippets_nothing_is_added(dialect: Dialect) -> None:
    """Not even the document's own path: models that know one file only are asked as before."""
    assert "shop/cart.py" not in text_of(rendered(dialect.name, ()))


@pytest.mark.parametrize("spelled", ["<|fim_middle|>", "<|endoftext|>", "<PRE>", "</s>", "<EOT>"])
@pytest.mark.parametrize("name", ["qwen2.5-coder", "starcoder2", "codellama", "plain"])
def test_snippet_that_spells_a_control_token_is_left_out(name: str, spelled: str) -> None:
    """Neither its text nor its path becomes one, and the others are still shown."""
    document = Document("file:///w/cart.py", "python", 1, Text("total = \n"), "cart.py")
    request = CompletionRequest(document, 8, Trigger.INVOKED, (document,))
    model = ModelInfo(name, None)
    planned = plan(request, model, Settings(prompt=PromptSettings(template=name)))  # type: ignore[arg-type] # one of them
    bad = [Snippet("bad.py", f"x = '{spelled}'\n"), Snippet(f"{spelled}.py", "y = 1\n")]
    hostile = [each for each in bad if planned.dialect.control.search(str(each))]

    prompt = planned.prompt((*hostile, *SNIPPETS))

    shown = "".join("".join(part.segments) for part in prompt.parts if isinstance(part, Code))
    assert "lib/tax.py" in shown
    assert not planned.dialect.control.search(shown)


def test_prefix_first_is_read_ahead_up_to_the_cursor() -> None:
    """What comes after it is not known before; where the suffix is first, nothing is."""
    prompt = rendered("qwen2.5-coder", SNIPPETS).up_to_cursor()
    turned = render(
        choose("codellama", ""),
        "total = ",
        "\n",
        settings=Settings(prompt=PromptSettings(order="spm")),
    )

    assert prompt is not None
    assert text_of(prompt).endswith("<|file_sep|>shop/cart.py\n<|fim_prefix|>total = ")
    assert turned.up_to_cursor() is None
    assert rendered("plain", ()).up_to_cursor() == rendered("plain", ())
