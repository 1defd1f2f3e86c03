"""How long a network evaluation takes here, as measured: what a grid will take is said before it starts."""

from __future__ import annotations

import time

from ..base.diffusion.model import Diffuser

# Latents up to this many a side are timed in a batch, as they will be computed; larger ones one by one.
SMALL_SIDE, BATCH = 32, 8


class Pace:
    """Milliseconds of one network evaluation, by model: of a trial first, then of the last run."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}

    def known(self, model: str) -> float | None:
        """What was measured last, None before anything was."""
        return self._known.get(model)

    def learn(self, model: str, milliseconds: float, evaluations: int) -> None:
        """Remember what `evaluations` took."""
        if evaluations:
            self._known[model] = milliseconds / evaluations

    def ask(self, id: str, model: Diffuser) -> float:
        """As `known`, measured by a trial where nothing is."""
        if id not in self._known:
            small = max(model.latent_shape[1:]) <= SMALL_SIDE
            if small:                              # the first call of a shape prepares more than it computes
                _trial(model, BATCH)
            size = BATCH if small else 1
            self.learn(id, _trial(model, size), size)
        return self._known[id]


def _trial(model: Diffuser, size: int) -> float:
    """Milliseconds of one call with `size` rows."""
    import torch

    states = model.read("").states
    rows = model.start(0).repeat(size, 1, 1, 1)
    texts = None if states is None else states.expand(size, -1, -1)
    began = time.perf_counter()
    with torch.inference_mode():
        # Reading a value back waits for the device.
        model.predict(rows, [model.schedule.length // 2] * size, texts).flatten()[0].item()
    return 1000 * (time.perf_counter() - began)
