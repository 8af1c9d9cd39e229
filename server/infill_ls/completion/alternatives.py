"""What else the model might say, where its likeliest answer is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from infill_ls.types import Prompt

_SEEDS = (1, 2)
"""One alternative for each: with what is shown, there are three to cycle through."""

_TEMPERATURE = 0.8
"""At which Code Llama's authors sample several answers to one prompt (arXiv 2308.12950, table 2:
pass@10 and pass@100)."""


def sampled_anew(prompt: Prompt) -> Iterator[Prompt]:
    """Yield the prompt with sampling by which the answers differ, from each other too."""
    sampling = prompt.sampling
    for seed in _SEEDS:
        hot = max(sampling.temperature, _TEMPERATURE)
        yield replace(
            prompt, sampling=replace(sampling, temperature=hot, do_sample=None, seed=seed)
        )
