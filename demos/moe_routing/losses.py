"""What the models are fitted to: the next token, and for a mixture that its experts are used alike.

| symbol | here |
|---|---|
| f_i | share of the choices of a batch that expert i got in a layer, summing to 1 |
| P_i | mean over the tokens of the router's probability of expert i |
| b_i | the bias that DeepSeek-V3 adds to an expert's affinity before it chooses, and to nothing else |

Source: Fedus et al., arXiv:2101.03961, equations 4 to 6; Zoph et al., arXiv:2202.08906, equation 5 (z-loss);
Wang et al., arXiv:2408.15664, algorithm 1, and DeepSeek-AI, arXiv:2412.19437, section 2.1.2 (bias).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ..base.fit import precision
from ..base.moe.routers import Router, routers_of
from .experts import counts

BALANCE, CALM = 0.01, 0.001   # weights of the balancing loss and of the z-loss
SPEED = 0.001                 # by which a bias moves at every update


@dataclass(frozen=True)
class Balancing:
    """How a mixture is kept balanced: `balance`, `calm`: weights of the two losses; `speed`: of the bias, 0 for none."""

    balance: float = 0.0
    calm: float = 0.0
    speed: float = 0.0


# The z-loss keeps logits small and balances nothing: the unbalanced mixture differs in the balancing loss alone.
BALANCING = {"dense": Balancing(), "switch": Balancing(BALANCE, CALM), "mixtral": Balancing(BALANCE, CALM),
             "deepseek": Balancing(speed=SPEED), "unbalanced": Balancing(0.0, CALM)}


class Tape:
    """What the routers of a model said in its last pass: (N, E) logits and (N, k) choices of each layer."""

    def __init__(self, model: nn.Module) -> None:
        self.routers: list[Router] = routers_of(model, dense=True)
        self.said: list[tuple[torch.Tensor, torch.Tensor]] = []
        for router in self.routers:
            router.gate.register_forward_hook(self._note)

    def _note(self, gate: nn.Module, inputs: object, output: tuple[torch.Tensor, ...]) -> None:
        self.said.append((output[0], output[2]))


class NextToken(nn.Module):
    """Of (B, T) ids and labels: the loss, and (layers, E) how often each expert was chosen (of a dense model no rows)."""

    def __init__(self, tape: Tape, balancing: Balancing) -> None:
        super().__init__()
        self.tape, self.balancing = tape, balancing

    def forward(self, model: nn.Module, ids: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.tape.said.clear()
        with precision(ids.device.type):
            states = model.base_model(ids, use_cache=False).last_hidden_state
            logits = model.lm_head(states)
        loss = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten())
        chosen = []
        for said, indices in self.tape.said:
            said = said.float()
            chosen.append(counts(indices, said.shape[1]))
            if self.balancing.balance:
                loss = loss + self.balancing.balance * balancing_loss(said, chosen[-1]) / len(self.tape.routers)
            if self.balancing.calm:
                loss = loss + self.balancing.calm * said.logsumexp(1).square().mean() / len(self.tape.routers)
        return loss, torch.stack(chosen) if chosen else labels.new_zeros(0, 0)


def balancing_loss(logits: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """E sum_i f_i P_i of one layer, 1 where all experts are used alike and E where one is used alone.

    Args:
        logits: (N, E) of a softmax router; chosen: (E,) how often each expert was chosen.
    """
    return logits.shape[1] * (chosen / chosen.sum() * logits.softmax(1).mean(0)).sum()


@torch.no_grad()
def move_biases(routers: list[Router], chosen: torch.Tensor, speed: float) -> None:
    """b_i += speed sign(mean load - load of i), layer by layer: an expert that got too much is chosen less from now on.

    Args:
        chosen: (layers, E) of the batch just read.
    """
    for router, loads in zip(routers, chosen.float()):
        router.gate.e_score_correction_bias += speed * torch.sign(loads.mean() - loads)
