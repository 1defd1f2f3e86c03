"""What was measured of the pocket mixtures over a corpus, as the page shows it: specialisation and favourite tokens."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ..base.cards import read_record
from ..base.language.tokens import TokenNames
from ..base.measured import read_metrics
from ..base.moe.checkpoints import MIXTURES, POCKET_MIXTRAL
from ..base.provenance import measured_badge
from ..base.spec import WEIGHTS
from ..base.text import Text
from ..base.tokenizer import load_tokenizer

ID = "moe_routing"
FAVOURITES = 12               # of each expert that the page shows
NEITHER, ALIKE = 0.05, 0.1    # bits that tell nothing to speak of; the share by which two figures differ that are about the same


def measured() -> Mapping:
    """What `measure` found; {} where it has not been run."""
    return read_metrics(ID) if (WEIGHTS / ID / "metrics.json").exists() else {}


def recipe() -> Mapping:
    """What the training wrote of itself; {} where it has not been run."""
    return read_record(WEIGHTS / ID / "recipe.json")


def corpus_value(id: str, metrics: Mapping, text: Text) -> dict[str, object]:
    """Of the mixture `id`: loads and information by layer, each expert's favourite tokens, and where these figures come from.

    Parts that were not measured are absent, all of them for a model that none of ours is.
    """
    name = next((checkpoint.folder.name for checkpoint in MIXTURES if checkpoint.id == id and checkpoint.folder), None)
    routing, favourites = (metrics.get(part, {}).get(name) for part in ("routing", "favourites"))
    value: dict[str, object] = {"model": id}
    if routing or favourites:
        value["badge"] = measured_badge(metrics["measured"], text)
    if routing:
        value["routing"] = routing
        value["domains"] = [[key, text(f"moe.domain.{key}")] for key in routing["layers"][0]["counts"]]
    if favourites:
        value["favourites"] = {"tokens": favourites["tokens"], "layers": [[_favourites(line) for line in layer] for layer in favourites["layers"]]}
    return value


@cache
def _names() -> TokenNames:
    return TokenNames(load_tokenizer())


def _favourites(line: str) -> list[list[object]]:
    """"id:here:all ..." -> [text, times the expert was chosen for it, times it was read]."""
    found = [tuple(map(int, part.split(":"))) for part in line.split()[:FAVOURITES]]
    shown = _names()([token for token, _, _ in found])
    return [[name.text, here, everywhere] for name, (_, here, everywhere) in zip(shown, found)]


def told_more(metrics: Mapping) -> tuple[int, float, float, float] | None:
    """(option, bits of the domain, of the kind of token, of all that there is to tell of the domain): the prediction's answer,
    mean over the layers of the pocket Mixtral; None where it was not measured. The option: 0 the domain, 1 the kind, 2 about
    alike, 3 neither."""
    routing = metrics.get("routing", {}).get(POCKET_MIXTRAL.folder.name)
    if not routing:
        return None
    layers = routing["layers"]
    domain, kind, whole = (sum(layer[of][what] for layer in layers) / len(layers) for of, what in (("domain", "bits"), ("type", "bits"), ("domain", "of")))
    if max(domain, kind) < NEITHER:
        return 3, domain, kind, whole
    if abs(domain - kind) <= ALIKE * max(domain, kind):
        return 2, domain, kind, whole
    return int(kind > domain), domain, kind, whole
