"""Points in the plane with something to answer at each, drawn by a seed. Nothing is read from anywhere."""

from __future__ import annotations

import numpy as np

from .schema import OWN, Request, Sample

DRAWN = 400                   # points to learn from, and as many to be measured on
SPREAD = 0.14                 # of a cluster, standard deviation
CELLS = 3                     # of the checkerboard along each side
_LEARNED, _TESTED, _TASK = range(3)    # streams of one seed


def draw(request: Request) -> tuple[Sample, Sample]:
    """Points to learn from, and others of the same kind to be measured on; of a visitor's own, the same ones twice."""
    if request.data == OWN:
        table = np.array(request.points, np.float64)
        own = Sample(table[:, :2], table[:, 2])
        return own, own
    shape = {"spiral": spiral, "moons": moons, "clusters": clusters, "checkerboard": checkerboard}[request.data]
    return tuple(shape(np.random.default_rng((request.seed, stream)), np.random.default_rng((request.seed, _TASK)))
                 for stream in (_LEARNED, _TESTED))


def spiral(rng: np.random.Generator, task: np.random.Generator) -> Sample:
    """Two arms of three quarters of a turn, one class each."""
    label = np.arange(DRAWN) % 2
    radius = np.sqrt(rng.uniform(0.02, 1, DRAWN))
    angle = 1.5 * np.pi * radius + np.pi * label
    x = 0.95 * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return Sample(x + rng.normal(0, 0.03, x.shape), 2.0 * label - 1)


def moons(rng: np.random.Generator, task: np.random.Generator) -> Sample:
    """Two half circles that reach into one another, one class each."""
    label = np.arange(DRAWN) % 2
    angle = rng.uniform(0, np.pi, DRAWN)
    turned = 1.0 - 2 * label                       # the second one hangs upside down
    x = 0.6 * turned[:, None] * np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], 1)
    return Sample(x + rng.normal(0, 0.05, x.shape), 2.0 * label - 1)


def clusters(rng: np.random.Generator, task: np.random.Generator) -> Sample:
    """Four clusters, each with a linear map of its own: the target rises in another direction in each."""
    cluster = np.arange(DRAWN) % 4
    middles = np.array([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]])
    within = rng.normal(0, 1, (DRAWN, 2))
    angle = (task.permutation(4) / 4 * 2 * np.pi + task.uniform(0, 2 * np.pi))[cluster]
    d = 0.5 * (within * np.stack([np.cos(angle), np.sin(angle)], 1)).sum(1)
    return Sample(middles[cluster] + SPREAD * within, np.clip(d, -1, 1))


def checkerboard(rng: np.random.Generator, task: np.random.Generator) -> Sample:
    """Squares of two classes in turn."""
    x = rng.uniform(-1, 1, (DRAWN, 2))
    cell = np.floor((x + 1) * CELLS / 2).astype(int)
    return Sample(x, 2.0 * (cell.sum(1) % 2) - 1)
