"""The two rules of conservative propagation (Ali et al. 2022, arXiv:2202.07304, section 4), as a context.

    AH rule  attention weights count as constants: relevance passes through the values alone
    LN rule  the standard deviation a layer norm divides by counts as a constant

Both change gradients only, never an output. They hold for the calls of one thread, made within the
context: the network itself is not touched, so that others may use it meanwhile.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from torch.overrides import TorchFunctionMode


def conservative() -> TorchFunctionMode:
    """The context. Weights are constants in it, too: nobody asks for a gradient of theirs."""
    return _rules()()


@cache
def _rules() -> type[TorchFunctionMode]:
    """Made on first use: importing this module imports no torch."""
    import torch.nn.functional as F
    from torch.nn import Parameter
    from torch.overrides import TorchFunctionMode

    softmax = _soft_maxima()
    attention = inspect.signature(F.multi_head_attention_forward)

    def constant(value: Any) -> Any:
        return value.detach() if isinstance(value, Parameter) else value

    class Rules(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            args = tuple(map(constant, args))
            kwargs = {name: constant(value) for name, value in (kwargs or {}).items()}
            if function is F.layer_norm:
                return _norm(*args, **kwargs)
            # With queries and keys constant, so are the weights made of them; values pass.
            if function is F.scaled_dot_product_attention:
                return function(args[0].detach(), args[1].detach(), *args[2:], **kwargs)
            if function is F.multi_head_attention_forward:
                call = attention.bind(*args, **kwargs).arguments
                return function(**call | {"query": call["query"].detach(), "key": call["key"].detach()})
            result = function(*args, **kwargs)
            return result.detach() if function in softmax else result

    return Rules


def _soft_maxima() -> tuple:
    """Where an attention is written out step by step, its weights come from one of these."""
    import torch
    import torch.nn.functional as F

    return F.softmax, torch.softmax, torch.Tensor.softmax


def _norm(x: Tensor, shape: Any, weight: Tensor | None = None, bias: Tensor | None = None,
          eps: float = 1e-5) -> Tensor:
    """`F.layer_norm` over the last axis by the LN rule."""
    centred = x - x.mean(-1, keepdim=True)
    y = centred / (centred.detach().square().mean(-1, keepdim=True) + eps).sqrt()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias
