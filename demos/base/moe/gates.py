"""How each architecture's gate makes a choice of its logits: told once, so that it can be made again from other logits.

    a = softmax(z) or sigmoid(z)                                                      affinities of logits z
    chosen: the k largest a + bias, groups of experts first where the network has them
    weights: a of the chosen, divided by their sum where the network does so, times its scaling factor

Source: Mixtral (arXiv:2401.04088), OLMoE (arXiv:2409.02060), DeepSeek-V2 (arXiv:2405.04434, device-limited routing),
DeepSeek-V3 (arXiv:2412.19437, section 2.1.2); each as transformers computes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from .routers import Router

if TYPE_CHECKING:
    import torch

APART = 1e4                   # between those who may not be chosen, the others, and those who must: no score is as large


@dataclass(frozen=True)
class Rule:
    """How a network's gate chooses and weighs.

    Attributes:
        sigmoid: affinities; else by a softmax.
        normalised: weights are divided by their sum. scale: they are multiplied by it.
        bias: (E,) added for the choice alone, or None.
        groups, allowed, best: experts stand in `groups` groups, of which the `allowed` with the largest sum of their
            `best` largest scores may be chosen from. One group: no limit.
    """

    top_k: int
    sigmoid: bool = False
    normalised: bool = True
    scale: float = 1.0
    bias: Any = None
    groups: int = 1
    allowed: int = 1
    best: int = 1

    @property
    def grouped(self) -> bool:
        """Whether groups limit the choice."""
        return self.allowed < self.groups

    @property
    def independent(self) -> bool:
        """Whether an expert that is not chosen has no say: a softmax's share depends on all, a group's score on its best."""
        return (self.normalised or self.sigmoid) and not self.grouped


def rule_of(network: Any, router: Router) -> Rule:
    """The rule that transformers' own gate of this layer follows. Raises: UserError `surgery_unknown`."""
    gate, kind = router.gate, network.config.model_type
    if kind in ("mixtral", "granitemoe"):
        return Rule(gate.top_k)
    if kind in ("olmoe", "qwen2_moe"):
        return Rule(gate.top_k, normalised=bool(gate.norm_topk_prob))
    if kind == "deepseek_v2":
        grouped = gate.topk_method == "group_limited_greedy"
        return Rule(gate.top_k, normalised=False, scale=gate.routed_scaling_factor,
                    groups=gate.num_group if grouped else 1, allowed=gate.topk_group if grouped else 1)
    if kind == "deepseek_v3":
        return Rule(gate.top_k, sigmoid=True, normalised=bool(gate.norm_topk_prob), scale=gate.routed_scaling_factor,
                    bias=gate.e_score_correction_bias, groups=gate.num_group, allowed=gate.topk_group, best=2)
    raise UserError("surgery_unknown", kind=kind)


def choose(logits: torch.Tensor, rule: Rule, k: int, order: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, k) weights and (N, k) indices of (N, E) float32 logits, by the rule but for its `top_k` and `bias`.

    As few steps as the rule allows: a token that is written passes through here once a layer.

    Args:
        logits: minus infinity for experts that are as if they were not there.
        order: (1 or N, E), added for the choice alone: the rule's bias, APART for those who must be chosen, and of a
            sigmoid, whose scores are finite, -APART for those who may not.
    """
    affinities = logits.sigmoid() if rule.sigmoid else logits      # a softmax keeps their order
    scores = affinities if order is None else affinities + order
    if rule.grouped:
        scores = _grouped(scores, rule)
    best = scores.topk(k, dim=1)
    indices = best.indices
    if rule.sigmoid:
        weights = affinities.gather(1, indices)
        weights = weights / (weights.sum(1, keepdim=True) + 1e-20) if rule.normalised else weights
    elif rule.normalised:                          # divided by their sum, shares of all are shares of the chosen
        weights = (best.values if scores is logits else logits.gather(1, indices)).softmax(1)
    else:
        weights = logits.softmax(1).gather(1, indices)
    return weights if rule.scale == 1 else weights * rule.scale, indices


def _grouped(scores: torch.Tensor, rule: Rule) -> torch.Tensor:
    """Scores with those outside the groups that may be chosen from behind all others, and before the disabled."""
    import torch

    groups = scores.view(len(scores), rule.groups, -1)
    kept = groups.topk(rule.best, 2).values.sum(2).topk(rule.allowed, 1).indices
    outside = torch.ones(groups.shape[:2], dtype=torch.bool, device=scores.device).scatter(1, kept, False)
    return (groups - outside[..., None] * (APART / 10)).flatten(1)
