"""What a demo says about itself: read at start-up by the registry, so nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# The tabs of the page, in this order (one tab per era that has a demo).
ERAS = ("foundations", "sequences", "transformers", "generative", "contrastive", "multimodal",
        "scaling", "mixture_of_experts", "world_models", "reasoning", "efficiency")

WEIGHTS = Path(__file__).parents[2] / "weights"


@dataclass(frozen=True)
class Paper:
    """The paper an era is told by. `arxiv` is the identifier ("" where there is none), shown as text:
    no link leaves the page."""

    title: str
    authors: str
    year: int
    arxiv: str


@dataclass(frozen=True)
class Checkpoint:
    """A model one can open by its `id`.

    Exactly one of `folder` (pocket: inside `weights/`) and `repo` (Hugging Face Hub) is set, or
    neither for a folder or Hub id that a visitor typed (then `id` is that text).
    Attributes:
        revision: full commit on the Hub, so that what is loaded is what was reviewed; where none is known yet,
            None for its main branch or the name of a pull request ("refs/pr/6").
        files: patterns fetched from the Hub; never a pickle.
        megabytes: safetensors to download (10^6 bytes), known before anything starts.
        gigabytes: estimated memory at the precision it runs in here (10^9 bytes).
        parameters: millions.
        gigaflops: 10^9 operations of one network evaluation at the model's own size, where a run is long
            enough on a processor to say beforehand how long; else 0.
    """

    id: str
    name: str
    licence: str
    parameters: float
    folder: Path | None = None
    repo: str | None = None
    revision: str | None = None
    files: tuple[str, ...] = ("*.safetensors", "*.json", "*.txt", "*.model", "*.spm")
    megabytes: float = 0.0
    gigabytes: float = 0.0
    languages: tuple[str, ...] = ("en",)
    gigaflops: float = 0.0


@dataclass(frozen=True)
class DemoSpec:
    """One demo: its folder name is its id, equal in `demos/`, `weights/` and `tests/`.

    Attributes:
        place: a demo that builds on another of its era stands after it: 1, 2, ... in reading order.
    """

    id: str
    era: str
    paper: Paper
    checkpoints: tuple[Checkpoint, ...]
    place: int = 0

    def __post_init__(self) -> None:
        if self.era not in ERAS:
            raise ValueError(f"demo {self.id!r}: era {self.era!r} is not one of {ERAS}")
        ids = [checkpoint.id for checkpoint in self.checkpoints]
        if len(set(ids)) != len(ids):
            raise ValueError(f"demo {self.id!r}: checkpoint ids repeat: {ids}")

    @property
    def year(self) -> int:
        return self.paper.year
