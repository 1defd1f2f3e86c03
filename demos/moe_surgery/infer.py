"""A mixture of experts, operated on while it reads and writes: both ways side by side, and each expert's worth."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..base.checkpoints import find_checkpoint
from ..base.compute import gpu, zero_gpu
from ..base.diffusion.stream import Ended, stopped
from ..base.moe.checkpoints import MIXTURES, POCKET_MIXTRAL, POCKETS, mixture_of
from ..base.moe.load import open_mixture
from ..base.moe.meters import meter
from ..base.moe.ranking import Baseline, knock_outs
from ..base.moe.surgery import NOTHING, Operation, Surgery
from .schema import MOST_TOKENS, Loss, Opening, Ranked, Request, Side, Step

if TYPE_CHECKING:
    import torch

    from ..base.moe.model import MixtureModel, Routed

BEST = 8                      # of either distribution, shown beside the other's
# Seconds of a borrowed graphics card: to begin with, and for each gigabyte that is placed on it.
_AROUND, _PER_GIGABYTE, _UNKNOWN = 20, 5, 60


def seconds(request: Request, *_: object) -> int:
    """Of a borrowed graphics card."""
    known = next((checkpoint.gigabytes for checkpoint in MIXTURES if checkpoint.id == request.checkpoint), None)
    return _UNKNOWN if known is None else _AROUND + round(_PER_GIGABYTE * known)


@gpu(duration=seconds)
def operate(request: Request) -> Iterator[Opening | Step]:
    """Both readings, then a token of either continuation at a time.

    Both continuations draw with the same numbers: as long as both distributions are the same, so are the tokens.

    Raises: UserError: `text_empty`; from opening the mixture; as `check_surgery`.
    """
    with open_mixture(mixture_of(request.checkpoint)) as model:
        ids, opening = _read(model, request)
        yield opening
        if stopped() or not request.words:
            return
        yield from _write(model, ids, request)


def _read(model: MixtureModel, request: Request) -> tuple[list[int], Opening]:
    began = time.perf_counter()
    operation = Operation(model.network, request.surgery)      # refuses before anything is computed
    encoded = model.encode(request.text, MOST_TOKENS)
    ids = list(encoded.ids)
    sides = []
    for surgery, change in ((NOTHING, Operation(model.network, NOTHING)), (request.surgery, operation)):
        with change.on():
            routed = model.read(ids)
        sides.append(_side(model, routed, surgery))
    plain, operated = sides
    shuffled = None
    if request.checkpoint in {checkpoint.id for checkpoint in POCKETS}:
        with Operation(model.network, Surgery(shuffle=True, seed=request.surgery.seed)).on():
            shuffled = _mean(model.read(ids).nats)
    return ids, Opening(
        tuple(model.show(ids)), encoded.cut + -(-request.beyond // 4), min(model.limit, MOST_TOKENS), plain, operated,
        _likeliest(model, plain, operated), divergence(plain.following, operated.following), shuffled, model.top_k, model.experts,
        model.device.label, model.dtype_name, model.parameters, 1000 * (time.perf_counter() - began))


def _side(model: MixtureModel, routed: Routed, surgery: Surgery) -> Side:
    counts = {layer.layer: np.bincount(layer.indices[routed.marks:][layer.weights[routed.marks:] > 0], minlength=model.experts)
              for layer in routed.layers}
    own = routed.nats if routed.marks else np.concatenate([np.full(1, np.nan, np.float32), routed.nats])
    return Side(own[max(0, routed.marks - 1):], counts, softmax(routed.following), meter(model.network, surgery))


def _mean(nats: np.ndarray) -> float:
    """Of a text of one token, of which nothing can be foretold, 0."""
    found = nats[np.isfinite(nats)]
    return float(found.mean()) if len(found) else 0.0


def _likeliest(model: MixtureModel, plain: Side, operated: Side) -> tuple:
    best = {int(place) for side in (plain, operated) for place in np.argsort(-side.following)[:BEST]}
    order = sorted(best, key=lambda place: -max(plain.following[place], operated.following[place]))
    return tuple((token, float(plain.following[place]), float(operated.following[place])) for token, place in zip(model.show(order), order))


def softmax(scores: np.ndarray) -> np.ndarray:
    """(L,) float64 probabilities of (L,) scores."""
    found = np.exp(scores.astype(np.float64) - scores.max())
    return found / found.sum()


def divergence(before: np.ndarray, after: np.ndarray) -> float:
    """KL(before || after) of (L,) probabilities, in nats, 0 or more."""
    seen = before > 0
    return max(0.0, float((before[seen] * (np.log(before[seen]) - np.log(np.maximum(after[seen], 1e-300)))).sum()))


class _Writer:
    """One continuation: its keys and values, its scores, and how long it took."""

    def __init__(self, model: MixtureModel, operation: Operation, ids: list[int]) -> None:
        self._model, self._operation = model, operation
        self.seconds, self.words, self.ended = 0.0, 0, False
        self._scores, self._past = self._pass(model.tensor(ids), None)

    def _pass(self, ids: torch.Tensor, past: object) -> tuple:
        import torch

        # Switched on for a pass and off again: between two tokens the page may go on in another thread.
        with torch.inference_mode(), self._operation.on():
            return self._model.step(ids, past)

    def add(self, draw: float, temperature: float) -> tuple | None:
        """The next token and its probability, None where the text has ended. `draw` in [0, 1) picks it."""
        import torch

        if self.ended:
            return None
        began = time.perf_counter()
        p = softmax(self._scores.cpu().numpy())
        drawn = int(p.argmax()) if temperature == 0 else _drawn(self._scores.cpu().numpy() / temperature, draw)
        self.words += 1
        self.ended = drawn in self._model.ends
        if not self.ended:
            self._scores, self._past = self._pass(torch.tensor([[drawn]], device=self._model.device.name), self._past)
        self.seconds += time.perf_counter() - began
        return self._model.show([drawn])[0], float(p[drawn])


def _drawn(scores: np.ndarray, draw: float) -> int:
    """The place in the vocabulary where the summed probabilities pass `draw`."""
    return min(len(scores) - 1, int(np.searchsorted(softmax(scores).cumsum(), draw, side="right")))


def _write(model: MixtureModel, ids: list[int], request: Request) -> Iterator[Step]:
    room = min(request.words, model.context - len(ids) - len(model.cutting.lead))
    draws = np.random.default_rng(request.surgery.seed).random(max(0, room))
    operation = Operation(model.network, request.surgery)
    with operation.held():
        writers = [_Writer(model, each, ids) for each in (Operation(model.network, NOTHING), operation)]
        for number, draw in enumerate(draws):
            found = [writer.add(float(draw), request.temperature) for writer in writers]
            over = number == len(draws) - 1 or all(writer.ended for writer in writers)
            yield Step(*found, tuple(writer.seconds for writer in writers), tuple(writer.words for writer in writers), over)
            if over:
                return


@gpu(duration=seconds)
def rank(request: Request) -> Iterator[Ranked]:
    """What the text costs without each expert, beside what the surgery does already; in batches.

    Raises: UserError: `text_short`; as `operate`.
    """
    with open_mixture(mixture_of(request.checkpoint)) as model:
        ids = model.tensor(model.encode(request.text, MOST_TOKENS).ids)
        began, known, base = time.perf_counter(), 0, Baseline(np.zeros(0), 0)
        for found in knock_outs(model.network, ids, request.surgery):
            if stopped():
                raise Ended
            if isinstance(found, Baseline):
                base = found
                continue
            known += len(found)
            mean = float(base.nats.mean())
            yield Ranked(tuple(Loss(one.layer, one.expert, float(one.nats.mean()) - mean if one.tried else 0.0, one.users, one.tried)
                               for one in found), mean, known, base.experts, 1000 * (time.perf_counter() - began))


def public_name(checkpoint: str) -> str:
    """A checkpoint's name as shown."""
    return find_checkpoint(checkpoint, MIXTURES, allow_any=True).name


def operated_class() -> type:
    """What operates, for whoever wants to read it."""
    return Operation


def warm() -> None:
    """Loads the first mixture, so that the first visitor does not wait for it."""
    if zero_gpu():                                 # a run would ask for a GPU on nobody's behalf
        return
    for _ in operate(Request("A warm start.", checkpoint=POCKET_MIXTRAL.id, words=1)):
        pass
