"""The map as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import base64
import itertools
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from ..base import provenance
from ..base.clip.checkpoints import POCKET
from ..base.clip.gallery import gallery, name_of
from ..base.provenance import live_badge
from ..base.text import Text, isolate, percent, shorten
from .schema import Request, Result, Sweep
from .space import GalleryMap

if TYPE_CHECKING:
    from PIL import Image

THUMBNAIL = 72                 # px a side, of a visitor's picture on the map
# Coordinates and cosines travel as whole numbers of this size: none is beyond 1.
_FINE = 32000
_runs = itertools.count(1)


def pack(values: np.ndarray) -> str:
    """Whole numbers as base64 of little-endian int16, in C order: a tenth of what they are in JSON."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<i2").tobytes()).decode()


def pack_fine(values: np.ndarray) -> str:
    """As `pack`, for numbers in [-1, 1], to the nearest 1/32000."""
    return pack(np.rint(np.clip(values, -1, 1) * _FINE))


def gallery_value(land: GalleryMap, text: Text) -> dict:
    """What the browser needs to draw the emoji, their names and neighbours without asking again."""
    entries = gallery().entries
    kinds = sorted({entry["group"] for entry in entries})
    both = land.views["both"]
    vectors = np.concatenate([land.images, land.texts])
    return {"gallery": {
        "dimensions": vectors.shape[1], "fine": _FINE,
        # One word for many: the page copies every list item by item.
        "emoji": "\n".join(entry["emoji"] for entry in entries),
        "names": "\n".join(name_of(entry, text.language) for entry in entries),
        "kinds": [text(f"kind.{kind}") for kind in kinds],
        "kind": pack(np.array([kinds.index(entry["group"]) for entry in entries])),
        "views": {name: {"places": pack_fine(land.coordinates[name]), "share": [float(s) for s in view.share]}
                  for name, view in land.views.items()},
        # What the browser needs to move a point along the gap and bring it back to unit length.
        "along_gap": pack_fine(vectors @ land.gap),
        "gap_squared": float(land.gap @ land.gap),
        "gap_axes": (both.axes @ land.gap).tolist(), "origin": (both.axes @ both.mean).tolist(),
        "neighbours": pack(land.neighbours), "neighbour_cosines": pack_fine(land.neighbour_cosines),
        "ranks": pack(land.ranks), "own_cosines": pack_fine((land.images * land.texts).sum(axis=1)),
        "badge": live_badge(text) | {"detail": text("stage.badge_detail")},
        "footer": text("stage.figure_footer", model=POCKET.name, n=f"{len(entries):,}"),
    }}


def stage_value(request: Request, result: Result, pictures: list[Image.Image]) -> dict:
    """The visitor's own marks and the measured gap, for the stage's script. `pictures`: as `request.pictures`."""
    return {
        "run": next(_runs),                        # tells a new answer from a redrawn one
        "own": {
            "pictures": [thumbnail(picture) for picture in pictures],
            "captions": list(request.captions), "pairs": [list(pair) for pair in request.pairs],
            "views": {name: pack_fine(places) for name, places in result.coordinates.items()},
            "along_gap": pack_fine(result.along_gap), "cosines": pack_fine(result.cosines),
            "own_cosines": pack_fine(result.own_cosines)},
        "sweep": sweep_value(result.sweep),
        "provenance": {"model": POCKET.name, "device": result.run.device, "dtype": result.run.dtype,
                       "milliseconds": round(result.run.milliseconds, 1),
                       "date": datetime.now(UTC).isoformat(timespec="seconds")},
    }


def sweep_value(sweep: Sweep) -> dict:
    measures = sweep.measures
    return {"closed": list(sweep.closed), "scales": [round(scale, 2) for scale in sweep.scales],
            "losses": [[round(m.losses[scale], 5) for m in measures] for scale in sweep.scales],
            **{name: [round(getattr(m, name), 5) for m in measures]
               for name in ("gap", "images", "texts", "own", "others", "top1")}}


def thumbnail(picture: Image.Image) -> str:
    """A small copy as a data address."""
    small, stream = picture.copy(), BytesIO()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    small.save(stream, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def facts_value(request: Request, result: Result, land: GalleryMap, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    measured, n = result.sweep.as_trained, len(land.images)
    share = land.views["both"].share.sum()
    sentence = text("result.sentence", n=f"{n:,}", gap=f"{measured.gap:.2f}", own=f"{measured.own:.2f}",
                    others=f"{measured.others:.2f}".replace("-", "\u2212"), share=f"{100 * share:.1f}%")
    if request.pictures or request.captions:
        sentence += " " + _nearest_sentence(request, result, text)
    rows = [(text("result.pictures"), str(len(request.pictures))), (text("result.captions"), str(len(request.captions)))]
    return provenance.facts_value(text, sentence, POCKET.name, result.run, *rows)


def _nearest_sentence(request: Request, result: Result, text: Text) -> str:
    """Which emoji's picture lies closest to the visitor's first mark."""
    entries = gallery().entries
    cosines = result.cosines[0, :len(entries)]
    best = int(cosines.argmax())
    values = {"emoji": entries[best]["emoji"], "name": name_of(entries[best], text.language),
              "cosine": f"{cosines[best]:.2f}"}
    if request.pictures:
        return text("result.nearest_picture", **values)
    return text("result.nearest_caption", caption=isolate(request.captions[0]), **values)


def guess_value(result: Result, text: Text) -> dict:
    """The answer to the prediction, measured in the gallery just now."""
    met = "apart" if result.sorted >= 0.9 else "together" if result.paired >= 0.9 else "mixed"
    choices = [option["met"] for option in text.records("guess.options")]
    measured = result.sweep.as_trained
    return {"choice": choices.index(met), "badge": live_badge(text),
            "sentence": text("guess.answer", sorted=percent(result.sorted), gap=f"{measured.gap:.2f}",
                             paired=percent(result.paired), top1=percent(measured.top1))}


def notes(result: Result, request: Request, strangers: list[int], twins: list[tuple[int, int]], text: Text) -> list[str]:
    """Sentences a visitor should read beside the map; empty when all is as expected.

    Args:
        strangers: indices of pictures that are neither drawn here nor like anything the model has seen.
        twins: pairs of indices of pictures that are pixel for pixel the same.
    """
    found = []
    if twins:
        pairs = text("notes.separator").join(text("notes.pair", first=i + 1, second=j + 1) for i, j in twins[:3])
        found.append(text("notes.twins", pairs=pairs))
    if strangers:
        numbers = text("notes.separator").join(str(i + 1) for i in strangers)
        found.append(text("notes.strangers", numbers=numbers, n=f"{len(gallery().entries):,}"))
    if result.cut:
        found.append(text("clip.cut", labels=", ".join(isolate(shorten(caption)) for caption in result.cut[:3])))
    return found
