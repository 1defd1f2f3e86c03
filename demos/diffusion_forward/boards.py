"""What each part of the tab has shown so far: a value for its browser component, complete at any moment."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from datetime import UTC, datetime

import numpy as np

from ..base.checkpoints import public_id
from ..base.pictures import data_uri
from ..base.provenance import Run
from ..base.spec import Checkpoint
from .pictures import rms, takeover
from .schema import Belief, DenoiseRequest, Drowned, DrownRequest, Frame, Network, Started, Sunk, WalkRequest

# Longest side in pixels of a picture in a row of many, and of one shown large.
SMALL, LARGE = 128, 384
STARTING, RUNNING, DONE, STOPPED = "starting", "running", "done", "stopped"

_runs = itertools.count(1)


class Board:
    """What all three share.

    Attributes:
        network: what answered, None before the first answer.
        evaluations, milliseconds: of the network so far.
    """

    def __init__(self, request, checkpoint: Checkpoint, **more: object) -> None:
        self.request, self.checkpoint = request, checkpoint
        self.network: Network | None = None
        self.evaluations, self.milliseconds = 0, 0.0
        self._value: dict = {"run": next(_runs), "state": STARTING, "settings": {
            "checkpoint": public_id(checkpoint.id), "prompt": request.prompt, "negative": request.negative,
            "guidance": request.guidance, "seed": request.seed} | more}

    def value(self) -> dict:
        """As it stands now; later answers do not change it."""
        return {key: list(entry) if isinstance(entry, list) else entry for key, entry in self._value.items()}

    def end(self) -> None:
        """The run is over: done, or stopped before it was."""
        self._value |= {"state": DONE if self.finished else STOPPED, "date": datetime.now(UTC).isoformat(timespec="seconds")}

    @property
    def finished(self) -> bool:
        raise NotImplementedError

    def run(self) -> Run:
        network = self.network
        return Run(network.device, network.dtype, self.milliseconds, self.evaluations, network.parameters)

    def _spent(self, item: Belief | Frame) -> None:
        self.evaluations, self.milliseconds = item.evaluations, item.milliseconds


class DrownBoard(Board):
    """The forward process and what the network believes at the stops.

    Attributes:
        drowned: None before it has come.
        takeover: t from which the network's guess is closer to the prompt's picture, None where unknown.
    """

    def __init__(self, request: DrownRequest, checkpoint: Checkpoint) -> None:
        super().__init__(request, checkpoint)
        self.drowned: Drowned | None = None
        self.takeover: float | None = None
        self._beliefs: list[np.ndarray] = []

    @property
    def finished(self) -> bool:
        return self.drowned is not None and len(self._beliefs) == len(self.drowned.stops) - 1

    def add(self, item: Drowned | Sunk | Belief) -> None:
        if isinstance(item, Drowned):
            self._open(item)
            return
        self._value["state"] = RUNNING
        if isinstance(item, Sunk):
            self._value["sunk"] += [_uri(picture, SMALL) for picture in item.pictures]
            return
        self._spent(item)
        self._beliefs += list(item.prompted)
        self._value["prompted"] += [_uri(picture, SMALL) for picture in item.prompted]
        self._value["distances"] += [round(rms(picture, self.drowned.restored), 3) for picture in item.prompted]
        if item.unprompted is not None:
            self._value["unprompted"] += [_uri(picture, SMALL) for picture in item.unprompted]
        if self.finished:
            self.takeover = takeover(self.drowned.stops[1:], self.drowned.restored, self._beliefs)
            self._value["takeover"] = None if self.takeover is None else round(self.takeover)

    def _open(self, drowned: Drowned) -> None:
        self.drowned, self.network = drowned, drowned.network
        self._value |= {
            "state": RUNNING, "length": len(drowned.alpha_bar), "shape": list(drowned.clean.shape),
            "clean": _numbers(drowned.clean, "<f4"), "noise": _numbers(drowned.noise, "<f4"),
            "alpha_bar": _numbers(drowned.alpha_bar, "<f8"), "colours": drowned.colours.round(6).tolist(),
            "exact": drowned.exact, "picture": _uri(drowned.fitted, LARGE), "restored": _uri(drowned.restored, LARGE),
            "psnr": None if np.isinf(drowned.psnr) else round(drowned.psnr, 2), "stops": list(drowned.stops),
            "sunk": [], "prompted": [], "unprompted": [], "distances": [], "guided": drowned.network.guided,
            "conditional": drowned.network.conditional}


class BackBoard(Board):
    """The way back from x_t.

    Attributes:
        distance: of the finished picture from the one it began with, in grey levels; None before.
        taken: steps so far.
    """

    def __init__(self, request: DenoiseRequest, checkpoint: Checkpoint) -> None:
        super().__init__(request, checkpoint, t=request.t, steps=request.steps)
        self._value["source"] = hashlib.sha256(request.picture.tobytes()).hexdigest()[:16]
        self.distance: float | None = None
        self.taken = 0
        self._fitted: np.ndarray | None = None

    @property
    def finished(self) -> bool:
        return self.distance is not None

    def add(self, item: Started | Frame) -> None:
        if isinstance(item, Started):
            self.network, self._fitted = item.network, item.fitted
            self._value |= {"state": RUNNING, "times": list(item.times), "taken": 0, "picture": _uri(item.fitted, LARGE),
                            "start": _uri(item.previews[0], LARGE), "now": _uri(item.previews[0], LARGE)}
            return
        self._spent(item)
        self.taken = item.index + 1
        self._value |= {"taken": self.taken, "now": _uri(item.previews[0], LARGE)}
        if item.last:
            self.distance = rms(item.previews[0], self._fitted)
            self._value["distance"] = round(self.distance, 2)


class WalkBoard(Board):
    """Pictures between two noises.

    Attributes:
        norms: {path: (K,)}, lengths of the starting noises over sqrt(d).
        taken: steps of all pictures so far, out of `total`.
    """

    def __init__(self, request: WalkRequest, checkpoint: Checkpoint) -> None:
        super().__init__(request, checkpoint, other=request.other, count=request.count, steps=request.steps)
        shared = json.dumps(self._value["settings"], sort_keys=True)
        self._value |= {"key": hashlib.sha256(shared.encode()).hexdigest()[:16], "path": request.path, "pictures": [],
                        "count": request.count}
        self.norms: dict[str, np.ndarray] = {}
        self._steps = [0] * request.count
        self._done = 0
        self.total = 0

    @property
    def finished(self) -> bool:
        return self._done == self.request.count

    @property
    def taken(self) -> int:
        return sum(self._steps)

    def add(self, item: Started | Frame) -> None:
        if isinstance(item, Started):
            self.network, self.norms = item.network, item.norms
            self.total = len(item.times) * self.request.count
            self._value |= {"state": RUNNING, "taken": 0, "total": self.total,
                            "norms": {path: norms.round(4).tolist() for path, norms in item.norms.items()},
                            "pictures": [_uri(picture, SMALL) for picture in item.previews]}
            return
        self._spent(item)
        for place, picture in enumerate(item.previews, item.first):
            self._value["pictures"][place] = _uri(picture, SMALL)
            self._steps[place] = item.index + 1
            self._done += item.last
        self._value["taken"] = self.taken


def _numbers(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode("ascii")


def _uri(picture: np.ndarray, side: int) -> str:
    """(H, W, 3) uint8 as a data URI, its longest side at most `side`: small ones as they are."""
    from PIL import Image

    image = Image.fromarray(picture)
    if max(image.size) > side:
        scale = side / max(image.size)
        image = image.resize(tuple(max(1, round(s * scale)) for s in image.size), Image.Resampling.BOX)
    # Noise does not shrink without loss; what is small enough travels exactly.
    return data_uri(np.asarray(image), exact=max(image.size) <= 64)
