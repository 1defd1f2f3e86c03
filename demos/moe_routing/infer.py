"""Which experts a mixture chooses for each token of a text, in one pass of the library's own network.

Shazeer et al. 2017 (arXiv:1701.06538), section 2; the routers are read as the network uses them (`base.moe.routers`).
"""

from __future__ import annotations

import math
import time

from ..base.compute import gpu, zero_gpu
from ..base.language.tokens import tokens_in
from ..base.moe.checkpoints import MIXTURES, mixture_of
from ..base.moe.load import open_mixture
from .schema import MOST_TOKENS, Request, Result

# Seconds of a borrowed graphics card: to begin with, for each gigabyte that is placed on it, for a model nobody listed.
_AROUND, _PER_GIGABYTE, _UNKNOWN = 15, 5, 60


def seconds(request: Request) -> int:
    """Of a borrowed graphics card."""
    known = next((checkpoint.gigabytes for checkpoint in MIXTURES if checkpoint.id == request.checkpoint), None)
    return _UNKNOWN if known is None else _AROUND + math.ceil(_PER_GIGABYTE * known)


@gpu(duration=seconds)
def look(request: Request) -> Result:
    """Every router's choice for every token. Raises: UserError from opening the mixture; `text_empty`."""
    with open_mixture(mixture_of(request.checkpoint)) as model:
        encoded = model.encode(request.text, MOST_TOKENS)
        began = time.perf_counter()
        routed = model.read(encoded.ids)
        milliseconds = 1000 * (time.perf_counter() - began)
        return Result(routed, tuple(model.show(routed.ids)), tuple(model.show(() if routed.written is None else routed.written)),
                      model.fills, model.scores, model.experts, model.top_k, model.shared, min(model.limit, MOST_TOKENS),
                      encoded.cut + tokens_in(request.beyond), model.parameters, model.active, model.device.label, model.dtype_name,
                      milliseconds)


def warm() -> None:
    """Loads the first model, so that the first visitor does not wait for it."""
    if zero_gpu():                                 # a run would ask for a GPU on nobody's behalf
        return
    look(Request("A warm start."))
