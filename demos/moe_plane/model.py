"""A mixture of linear experts under a linear softmax gate, its losses and their gradients, written out in numpy.

Jacobs, Jordan, Nowlan and Hinton 1991, "Adaptive Mixtures of Local Experts", Neural Computation 3(1).

| symbol | here |
|---|---|
| d | target of a point, (N,) |
| o_i | answer of expert i, (N, E) |
| p_i | the gate's probability of expert i, (N, E) |
| h_i | the same once the target is known (posterior), (N, E) |
| f_i | share of the points for which expert i is the first choice (Fedus et al. 2021, arXiv:2101.03961) |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .schema import COMPETITION, TOP, WORKING, Arm, Request, Sample

START = 0.1                   # standard deviation of the first weights: small, so that no expert begins as a specialist
RATE, DECAYS, TINY = 0.05, (0.9, 0.99), 1e-8       # of Adam; the paper went down the plain gradient


def with_one(x: np.ndarray) -> np.ndarray:
    """(N, 2) points as (N, 3), a column of ones behind."""
    return np.concatenate([x, np.ones((len(x), 1))], 1)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


# Each loss: (loss, its gradient by the answers (N, E), its gradient by the gate's logits (N, E)), means over the points.
Terms = tuple[float, np.ndarray, np.ndarray]


def likelihood(o: np.ndarray, p: np.ndarray, d: np.ndarray) -> Terms:
    """Equation 1.3: -log sum_i p_i exp(-(d - o_i)^2 / 2). Each expert learns by its posterior h_i."""
    r = d[:, None] - o
    log_joint = np.log(np.maximum(p, 1e-300)) - r ** 2 / 2
    top = log_joint.max(1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(log_joint - top).sum(1))
    h = np.exp(log_joint - log_sum[:, None])
    return -log_sum.mean(), -h * r / len(d), (p - h) / len(d)


def competition(o: np.ndarray, p: np.ndarray, d: np.ndarray) -> Terms:
    """Equation 1.2: sum_i p_i (d - o_i)^2. Each expert learns by the gate's p_i, however well or badly it answers."""
    r = d[:, None] - o
    each = (p * r ** 2).sum(1)
    return each.mean(), -2 * p * r / len(d), p * (r ** 2 - each[:, None]) / len(d)


def first_alone(o: np.ndarray, p: np.ndarray, d: np.ndarray) -> Terms:
    """(d - p_k o_k)^2 of the gate's first choice k, as in the Switch Transformer: the factor p_k is how the gate learns."""
    rows, k = np.arange(len(d)), p.argmax(1)
    chosen, answer = p[rows, k], o[rows, k]
    r = d - chosen * answer
    by_o, by_p = np.zeros_like(o), np.zeros_like(p)
    by_o[rows, k], by_p[rows, k] = -2 * r * chosen / len(d), -2 * r * answer / len(d)
    return (r ** 2).mean(), by_o, through_softmax(p, by_p)


def balance(p: np.ndarray) -> tuple[float, np.ndarray]:
    """E sum_i f_i mean(p_i), 1 where the load is even, E where one expert has it all; and its gradient by the gate's logits.

    Source: Fedus, Zoph, Shazeer 2021 (arXiv:2101.03961), equation 4. No gradient flows through f.
    """
    n, experts = p.shape
    f = np.bincount(p.argmax(1), minlength=experts) / n
    return experts * float(f @ p.mean(0)), through_softmax(p, np.broadcast_to(experts * f / n, p.shape))


def through_softmax(p: np.ndarray, by_p: np.ndarray) -> np.ndarray:
    """The gradient by the logits, from the one by the probabilities."""
    return p * (by_p - (p * by_p).sum(1, keepdims=True))


@dataclass
class Mixture:
    """`gate`, `experts`: (E, 3) float64 weights over (x, y, 1). `top`: one expert answers, scaled by its probability."""

    gate: np.ndarray
    experts: np.ndarray
    top: bool

    @classmethod
    def start(cls, request: Request) -> Mixture:
        """Small random weights, decided by the seed and the number of experts alone."""
        rng = np.random.default_rng((request.seed, request.experts, 3))
        gate, experts = rng.normal(0, START, (2, request.experts, 3))
        return cls(gate, experts, request.gate == TOP)

    def of(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answers o and probabilities p, both (N, E), at (N, 3) points with their one."""
        return x @ self.experts.T, softmax(x @ self.gate.T)


class Training:
    """One arm's updates: the gradient over all points at once, then Adam."""

    def __init__(self, request: Request, sample: Sample, strength: float) -> None:
        self.mixture = Mixture.start(request)
        self.loss_of = first_alone if self.mixture.top else competition if request.loss == COMPETITION else likelihood
        self.strength = strength
        self.x, self.d = with_one(sample.x), sample.d
        self.first = np.zeros((2, *self.mixture.gate.shape))
        self.second = np.zeros_like(self.first)
        self.steps = 0

    def update(self) -> None:
        o, p = self.mixture.of(self.x)
        _, by_o, by_z = self.loss_of(o, p, self.d)
        if self.strength:
            by_z = by_z + self.strength * balance(p)[1]
        gradient = np.stack([by_z.T @ self.x, by_o.T @ self.x])                     # (2, E, 3)
        self.steps += 1
        for moment, decay, news in ((self.first, DECAYS[0], gradient), (self.second, DECAYS[1], gradient ** 2)):
            moment *= decay
            moment += (1 - decay) * news
        first, second = (moment / (1 - decay ** self.steps) for moment, decay in zip((self.first, self.second), DECAYS))
        gate, experts = RATE * first / (np.sqrt(second) + TINY)
        self.mixture.gate -= gate
        self.mixture.experts -= experts

    def loss(self) -> float:
        """On the points learned from, the balancing loss left out."""
        return float(self.loss_of(*self.mixture.of(self.x), self.d)[0])


def examine(training: Training, tested: Sample, classes: bool) -> Arm:
    """The mixture as it stands, measured on `tested`."""
    mixture, d = training.mixture, tested.d
    o, p = mixture.of(with_one(tested.x))
    rows, k = np.arange(len(d)), p.argmax(1)
    scale = p[rows, k] if mixture.top else np.ones(len(d))
    answer = scale * o[rows, k] if mixture.top else (p * o).sum(1)
    shares = np.bincount(k, minlength=o.shape[1]) / len(d)
    squared = (d[:, None] - scale[:, None] * o) ** 2                                # were it each expert's turn
    others = np.broadcast_to(shares >= WORKING, o.shape) & (np.arange(o.shape[1]) != k[:, None])
    return Arm(mixture.gate.copy(), mixture.experts.copy(), training.loss(), shares, float(((d - answer) ** 2).mean()),
               float(((answer > 0) != (d > 0)).mean()) if classes else None, float(squared[rows, k].mean()),
               float(squared[others].mean()) if others.any() else None)
