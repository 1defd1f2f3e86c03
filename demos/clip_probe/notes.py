"""What a visitor should know about the examples they collected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from ..base.clip.notes import zero_shot_notes
from ..base.spec import Checkpoint
from ..base.text import Text, isolate
from .schema import Request

MOST_NAMED = 3                 # pairs or names told in one sentence


def training_notes(request: Request, digests: Sequence[str], cut: tuple[str, ...], empty: Sequence[str],
                   unnamed: Sequence[str], checkpoint: Checkpoint, text: Text) -> list[str]:
    """Sentences on what weakens the comparison; none when all is well.

    Args:
        digests: of the pictures, equal for equal ones.
        cut: names longer than the text tower reads.
        empty: names of classes without an example.
        unnamed: the names given to classes that had none.
    """
    counts = Counter(request.classes)
    single = [name for one, name in enumerate(request.names) if counts[one] == 1]
    repeated = [name for name, count in Counter(request.names).items() if count > 1]
    across, within = find_copies(digests, request.classes)
    found = []
    for key, names in (("empty", empty), ("single", single), ("same_name", repeated), ("unnamed", unnamed)):
        if names:
            found.append(text(f"note.{key}", names=_listed(names, text)))
    if across:
        found.append(text("note.copies_across", pairs=_pairs(across, text)))
    if within:
        found.append(text("note.copies_within", pairs=_pairs(within, text)))
    return found + zero_shot_notes(request.names, cut, 0, checkpoint, text)


def find_copies(digests: Sequence[str], classes: Sequence[int]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs of equal pictures, by number from 1: in two classes, and within one. Each picture is told
    of once, with the first of its kind."""
    places = defaultdict(list)
    for i, digest in enumerate(digests):
        places[digest].append(i)
    pairs = [(same[0], other) for same in places.values() for other in same[1:]]
    across = [(a + 1, b + 1) for a, b in pairs if classes[a] != classes[b]]
    return across, [(a + 1, b + 1) for a, b in pairs if classes[a] == classes[b]]


def _listed(names: Sequence[str], text: Text) -> str:
    return text("note.separator").join(text("note.quoted", name=isolate(name)) for name in names[:MOST_NAMED])


def _pairs(pairs: list[tuple[int, int]], text: Text) -> str:
    return text("note.separator").join(text("note.pair", a=a, b=b) for a, b in pairs[:MOST_NAMED])
