"""Prompts: a model's format, a document's windows, and text that spells a control token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args, get_type_hints

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infill_ls.backends.as_text import text_of
from infill_ls.prompt.build import plan, render
from infill_ls.prompt.dialects import (
    CODE_LLAMA,
    CODEGEMMA,
    CODESTRAL,
    DEEPSEEK_CODER,
    DIALECTS,
    GRANITE,
    GRANITE_CODE,
    PLAIN,
    QWEN_CODER,
    REFACT,
    SANTACODER,
    STABLE_CODE,
    STARCODER,
    STARCODER2,
    Dialect,
    choose,
)
from infill_ls.settings.tree import CompletionSettings, PromptSettings, Settings
from infill_ls.types import Code, CompletionRequest, Control, ModelInfo, Prompt, Sampling

RequestAt = Callable[..., CompletionRequest]
Order = Literal["psm", "spm"]

SPELLINGS = [
    "<PRE>", "<SUF>", "<MID>", "<EOT>", "<FILL_ME>", "<s>", "</s>", "<unk>", "<|fim_prefix|>",
    "<|fim_suffix|>", "<|fim_middle|>", "<|endoftext|>", "<|im_end|>", "<tool_call>",
    "</tool_call>", "<|eot_id|>", "<|reserved_special_token_7|>", "<｜fim▁hole｜>",
    "<fim_prefix>", "<fim_middle>", "<file_sep>", "<repo_name>", "<fim-suffix>", "<eos>", "<bos>",
    "<|file_separator|>", "<|EOT|>", "<｜end▁of▁sentence｜>", "<|end_of_text|>", "<jupyter_code>",
    "[PREFIX]", "[SUFFIX]", "[INST]",
]  # fmt: skip
"""What tokenizers of code models read as control tokens."""

pieces = st.sampled_from([*SPELLINGS, *"<|>/_ \n", "PRE", "s>", "<<", "|>", "x", "漢", "😀"])
texts = st.lists(pieces, max_size=12).map("".join)
dialects = st.sampled_from(DIALECTS)


def sides_of(prompt: Prompt) -> tuple[str, ...]:
    """Return prefix and suffix, whole, as far as the prompt has them."""
    codes = [part for part in prompt.parts if isinstance(part, Code)]
    codes.sort(key=lambda code: not code.before_cursor)
    return tuple("".join(code.segments) for code in codes)


def rendered(
    dialect: Dialect, prefix: str = "", suffix: str = "", *, order: Order = "psm"
) -> Prompt:
    return render(dialect, prefix, suffix, settings=Settings(prompt=PromptSettings(order=order)))


@pytest.mark.parametrize(
    ("model", "dialect"),
    [
        ("codellama/CodeLlama-7b-hf", CODE_LLAMA),
        ("codellama/CodeLlama-13b-hf", CODE_LLAMA),
        ("codellama/CodeLlama-7b-Instruct-hf", CODE_LLAMA),
        ("meta-llama/CodeLlama-13b-Instruct-hf", CODE_LLAMA),
        ("TheBloke/CodeLlama-7B-GGUF", CODE_LLAMA),
        ("codellama:7b-code", CODE_LLAMA),
        ("code-llama-7b", CODE_LLAMA),
        ("code_llama_13b", CODE_LLAMA),
        ("/models/codellama-7b.Q4_K_M.gguf", CODE_LLAMA),
        ("C:\\models\\codellama-13b.Q5_0.gguf", CODE_LLAMA),
        ("/srv/python/34b/codellama-7b.Q4_K_M.gguf", CODE_LLAMA),
        ("/data/tiny-codellama-random.gguf", CODE_LLAMA),
        ("codellama/CodeLlama-34b-hf", PLAIN),
        ("codellama/CodeLlama-34b-Instruct-hf", PLAIN),
        ("codellama/CodeLlama-70b-hf", PLAIN),
        ("codellama/CodeLlama-7b-Python-hf", PLAIN),
        ("TheBloke/CodeLlama-13B-Python-GGUF", PLAIN),
        ("/models/codellama-34b.Q4_K_M.gguf", PLAIN),
        ("C:\\models\\codellama-7b-python.Q4_K_M.gguf", PLAIN),
        ("codellama:70b-code", PLAIN),
        ("Phind/Phind-CodeLlama-34B-v2", PLAIN),
        ("Qwen/Qwen2.5-Coder-0.5B", QWEN_CODER),
        ("Qwen/Qwen2.5-Coder-7B-Instruct-GGUF", QWEN_CODER),
        ("qwen2.5-coder:1.5b-base", QWEN_CODER),
        ("/models/qwen2.5-coder-0.5b-q4_k_m.gguf", QWEN_CODER),
        ("qwen2_5-coder-3b", QWEN_CODER),
        ("qwen25-coder", QWEN_CODER),
        ("Qwen/Qwen2.5-7B", PLAIN),
        ("Qwen/CodeQwen1.5-7B", PLAIN),
        ("meta-llama/Llama-2-7b-hf", PLAIN),
        ("bigcode/starcoder", STARCODER),
        ("bigcode/starcoderbase-1b", STARCODER),
        ("bigcode/starcoderplus", STARCODER),
        ("bigcode/tiny_starcoder_py", STARCODER),
        ("starcoder:3b-base-q4_0", STARCODER),
        ("HuggingFaceH4/starchat-beta", PLAIN),
        ("bigcode/starcoder2-3b", STARCODER2),
        ("bigcode/starcoder2-15b", STARCODER2),
        ("starcoder2:7b", STARCODER2),
        ("/models/starcoder2-3b-Q4_K_M.gguf", STARCODER2),
        ("bigcode/starcoder2-15b-instruct-v0.1", PLAIN),
        ("bigcode/santacoder", SANTACODER),
        ("deepseek-ai/deepseek-coder-6.7b-base", DEEPSEEK_CODER),
        ("deepseek-ai/DeepSeek-Coder-V2-Lite-Base", DEEPSEEK_CODER),
        ("deepseek-coder:1.3b-base", DEEPSEEK_CODER),
        ("deepseek-coder-1.3b-base.Q5_K_M.gguf", DEEPSEEK_CODER),
        ("deepseek-ai/deepseek-llm-7b-base", PLAIN),
        ("google/codegemma-2b", CODEGEMMA),
        ("google/codegemma-1.1-2b", CODEGEMMA),
        ("codegemma:2b-code", CODEGEMMA),
        ("google/codegemma-7b-it", PLAIN),
        ("codegemma:7b-instruct", PLAIN),
        ("google/gemma-7b", PLAIN),
        ("ibm-granite/granite-3b-code-base-2k", GRANITE_CODE),
        ("granite-code:8b", GRANITE_CODE),
        ("ibm-granite/granite-3.3-8b-base", GRANITE),
        ("ibm-granite/granite-4.0-h-tiny-base", GRANITE),
        ("ibm-granite/granite-3.0-8b-base", PLAIN),
        ("stabilityai/stable-code-3b", STABLE_CODE),
        ("stable-code:3b-code-q4_0", STABLE_CODE),
        ("stabilityai/stable-code-instruct-3b", PLAIN),
        ("stabilityai/stablecode-completion-alpha-3b", PLAIN),
        ("smallcloudai/Refact-1_6B-fim", REFACT),
        ("refactor-bot", PLAIN),
        ("mistralai/Codestral-22B-v0.1", CODESTRAL),
        ("codestral:22b", CODESTRAL),
        ("codestral-22b-v0.1.Q4_K_M.gguf", CODESTRAL),
        ("mistralai/Mamba-Codestral-7B-v0.1", PLAIN),
        ("mistralai/Mistral-7B-v0.1", PLAIN),
        ("WizardLM/WizardCoder-Python-34B-V1.0", PLAIN),
        ("gpt-4", PLAIN),
        ("", PLAIN),
    ],
)
def test_models_name_tells_its_format(model: str, dialect: Dialect) -> None:
    """Only a model that was trained to fill in, as far as its name tells, is asked to."""
    assert choose("auto", model) is dialect


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("model", ["codellama/CodeLlama-7b-hf", "Qwen2.5-Coder-1.5B", "my-model"])
def test_setting_overrides_the_name(dialect: Dialect, model: str) -> None:
    """`prompt.template` decides, whatever the model is called."""
    assert choose(dialect.name, model) is dialect


@pytest.mark.parametrize("prefix", ["def f():\n    return ", "", " ", "\n"])
@pytest.mark.parametrize("suffix", ["\n\nf()\n", "", " x"])
def test_code_llama_is_asked_in_its_own_words(prefix: str, suffix: str) -> None:
    """The text form of both orders is that of Meta's code, without the begin token.

    The blank before a prefix is SentencePiece's, so an empty one has none.
    """
    psm = rendered(CODE_LLAMA, prefix, suffix)
    spm = rendered(CODE_LLAMA, prefix, suffix, order="spm")
    shown = f" {prefix}" if prefix else ""

    assert text_of(psm) == f"<PRE>{shown} <SUF>{suffix} <MID>"
    assert text_of(spm) == f"<PRE> <SUF>{suffix} <MID>{shown}"
    assert (psm.end, psm.sentencepiece) == ((Control("<EOT>", 32010),), True)


STAR = "<fim_prefix>{P}<fim_suffix>{S}<fim_middle>"
FIM = "<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>"

SENT = {
    "codellama": ("<PRE> {P} <SUF>{S} <MID>", "<EOT>"),
    "qwen2.5-coder": (FIM, "<|endoftext|> <|fim_pad|> <|file_sep|> <|im_end|>"),
    "starcoder": (STAR, "<|endoftext|>"),
    "starcoder2": (STAR, "<|endoftext|> <file_sep>"),
    "santacoder": ("<fim-prefix>{P}<fim-suffix>{S}<fim-middle>", "<|endoftext|>"),
    "deepseek-coder": (
        "<｜fim▁begin｜>{P}<｜fim▁hole｜>{S}<｜fim▁end｜>",
        "<｜end▁of▁sentence｜> <|EOT|>",
    ),
    "codegemma": (FIM, "<|file_separator|> <eos> <|fim_prefix|>"),
    "granite-code": (STAR, "<|endoftext|>"),
    "granite": (FIM, "<|end_of_text|> <|fim_pad|>"),
    "stable-code": (STAR, "<|endoftext|>"),
    "refact": (STAR, "<|endoftext|>"),
    "codestral": ("[SUFFIX]{S}[PREFIX] {P}", "</s> [SUFFIX] [PREFIX]"),
    "plain": ("{P}", ""),
}
"""What each format sends as text, prefix first, for a prefix P and a suffix S; and its ends."""

CURSORS = [
    ("def f():\n    return ", "\n\nf()\n"), ("a = [", "]\n"), ("print(", ")"), ("x", "y"),
    ("s = \"", "\"\n"), ("if a:\n\t", "\nelse:\n\tpass\n"), ("# ü 漢 😀", "\n"), ("f(a, ", ", c)"),
    ("  ", "  "), ("a\r\n", "\r\nb"),
]  # fmt: skip


@pytest.mark.parametrize("cursor", CURSORS, ids=str)
@pytest.mark.parametrize("name", SENT)
def test_each_format_sends_what_its_model_was_trained_on(
    name: str, cursor: tuple[str, str]
) -> None:
    """Prefix, suffix and tokens stand where the model's own documentation puts them."""
    dialect = choose(name, "")
    prefix, suffix = cursor

    prompt = rendered(dialect, prefix, suffix)

    template, ends = SENT[name]
    assert text_of(prompt) == template.replace("{P}", prefix).replace("{S}", suffix)
    assert [end.text for end in prompt.end] == ends.split()


def test_every_format_is_in_the_table_and_in_the_settings() -> None:
    """No row is added, changed or lost unseen."""
    names = [dialect.name for dialect in DIALECTS]

    assert names == list(SENT)
    assert ["auto", *names] == list(get_args(get_type_hints(PromptSettings)["template"]))


@pytest.mark.parametrize(
    ("prefix", "first"),
    [
        ("x = fo", "prefix"),
        ("x = _", "prefix"),
        ("x = 1", "prefix"),
        ("é", "prefix"),
        ("名", "prefix"),
        ("x = ", "suffix"),
        ("x\n", "suffix"),
        ("foo(", "suffix"),
        ("foo.", "suffix"),
        ("", "suffix"),
    ],
)
def test_the_order_follows_from_where_the_prefix_ends(prefix: str, first: str) -> None:
    """Inside a word the prefix comes first; behind a blank or another boundary, the suffix."""
    prompt = render(CODE_LLAMA, prefix, "\nrest", settings=Settings())

    codes = [part for part in prompt.parts if isinstance(part, Code)]
    assert ("prefix" if codes[0].before_cursor else "suffix") == first


@pytest.mark.parametrize("order", ["psm", "spm"])
def test_qwen_is_asked_prefix_first(order: Order) -> None:
    """Its only order is the one it was trained on, whatever the settings say."""
    prompt = rendered(QWEN_CODER, "a = ", "\nb = 2\n", order=order)

    assert text_of(prompt) == "<|fim_prefix|>a = <|fim_suffix|>\nb = 2\n<|fim_middle|>"
    assert Control("<|endoftext|>") in prompt.end
    assert not prompt.sentencepiece


@pytest.mark.parametrize("order", ["psm", "spm"])
def test_other_models_are_shown_the_prefix_alone(order: Order) -> None:
    """A model that cannot fill in goes on after the cursor; there is no foreign token."""
    prompt = rendered(PLAIN, "a = ", "\nb = 2\n", order=order)

    assert text_of(prompt) == "a = "
    assert (prompt.end, sides_of(prompt)) == ((), ("a = ",))


def test_prompt_says_how_much_and_how_freely_to_write() -> None:
    """Length and temperature are those of the settings."""
    wanted = Settings(completion=CompletionSettings(max_tokens=7, temperature=0.5))

    prompt = render(CODE_LLAMA, "", "", settings=wanted)

    assert prompt.sampling == Sampling(max_new_tokens=7, temperature=0.5)


@pytest.mark.parametrize("marked", ["a = ‸\nb = 2\n", "‸", "x‸", "‸x", "a\r\n‸b\r\n", "漢‸😀\n"])
def test_whole_small_file_is_shown(request_at: RequestAt, marked: str) -> None:
    """What fits the budget is not cut, at line ends or elsewhere."""
    prompt = plan(request_at(marked), ModelInfo("codellama-7b", None), Settings()).prompt()

    assert sides_of(prompt) == tuple(marked.split("‸"))


@pytest.mark.parametrize(
    ("dialect", "spelling"),
    [(CODE_LLAMA, spelling) for spelling in SPELLINGS[:8]]
    + [(QWEN_CODER, spelling) for spelling in SPELLINGS[8:16]]
    + [(PLAIN, spelling) for spelling in SPELLINGS],
)
def test_text_is_divided_inside_what_spells_a_token(dialect: Dialect, spelling: str) -> None:
    """Neither side has a token's spelling in one piece, and text for a host ends at it."""
    prompt = rendered(dialect, f"a {spelling} b", f"c {spelling} d")

    prefix, *suffix = (part for part in prompt.parts if isinstance(part, Code))
    assert prefix.segments == (f"a {spelling[0]}", f"{spelling[1:]} b")
    assert prefix.plain() == f"{spelling[1:]} b"
    assert [code.segments for code in suffix] in ([], [(f"c {spelling[0]}", f"{spelling[1:]} d")])
    assert [code.plain() for code in suffix] in ([], [f"c {spelling[0]}"])


@pytest.mark.parametrize(
    "text", ["a < b > c", "List<PRE, SUF>", "<html><body></html>", "a <| b |> c", "x << y", "<S>"]
)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_ordinary_angles_divide_nothing(dialect: Dialect, text: str) -> None:
    """Generics, tags, shifts and pipes are code like any other."""
    assert sides_of(rendered(dialect, text))[0] == text
    codes = [part for part in rendered(dialect, text).parts if isinstance(part, Code)]
    assert all(len(code.segments) == 1 for code in codes)


@given(dialects, texts, texts, st.sampled_from(["psm", "spm"]))
@example(CODE_LLAMA, "<<PRE>", "<PRE><PRE>", "psm")
@example(QWEN_CODER, "<|a|><|b|>", "<|fim_<|fim_prefix|>", "psm")
@settings(max_examples=300, deadline=None)
def test_no_segment_spells_a_token(
    dialect: Dialect, prefix: str, suffix: str, order: Order
) -> None:
    """Joined, the segments are the window; alone, none of them spells a control token."""
    prompt = rendered(dialect, prefix, suffix, order=order)

    codes = [part for part in prompt.parts if isinstance(part, Code)]
    assert sides_of(prompt) == (prefix, suffix)[: len(codes)]
    assert not any(dialect.control.search(each) for code in codes for each in code.segments)


@given(dialects, texts, texts, st.sampled_from(["psm", "spm"]))
@settings(max_examples=300, deadline=None)
def test_text_spells_no_token_but_the_formats_own(
    dialect: Dialect, prefix: str, suffix: str, order: Order
) -> None:
    """Put together for a host that takes text, the buffer adds no control token either."""
    prompt = rendered(dialect, prefix, suffix, order=order)

    own = [part.text for part in prompt.parts if isinstance(part, Control)]
    spelled = dialect.control.findall(text_of(prompt))
    assert spelled == dialect.control.findall("".join(own))
