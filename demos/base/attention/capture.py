"""Attention seen from inside: transformers' networks ask one registered function for every attention they compute.

A network opened with `attn_implementation=NAME` runs the library's fast kernel as long as nobody watches.
While a thread watches (`watching`), its own forward passes note probabilities, scores and norms, and can
switch heads off; other threads' passes through the same network are not touched.

    scores = q k^T / sqrt(d);  p = softmax(scores + mask);  out = p v        (Vaswani et al., arXiv:1706.03762, eq. 1)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NAME = "epochs"
# What some networks add to scores or to the softmax (attention sinks, biases of places, bounds): not in the formula above.
_OTHER_TERMS = ("s_aux", "position_bias", "softcap")
Site = tuple[str, int]        # (stack, layer): where in a network an attention stands

_thread = threading.local()


@dataclass
class HeadNote:
    """One head of one site in full: `scores` (q, k) before the mask, `p` (q, k), `norms` (k,) of its value vectors."""

    scores: torch.Tensor
    p: torch.Tensor
    norms: torch.Tensor


@dataclass
class Watch:
    """What a thread wants to know of its next forward passes, and what it learned.

    Attributes:
        sites: module -> site, of the network that is asked.
        stacks: note the probabilities of these stacks only; None for all, () for none.
        row: of the stacks, note this query alone.
        head: (site, head) to note in full.
        keep: site -> (B, heads) factors on the heads' outputs; 0 switches a head off.
        maps: site -> (B, heads, q, k) float32 probabilities; one entry a pass, in order.
        note: the head asked for.
    """

    sites: Mapping[Any, Site]
    stacks: tuple[str, ...] | None = None
    row: int | None = None
    head: tuple[Site, int] | None = None
    keep: Mapping[Site, torch.Tensor] = field(default_factory=dict)
    maps: dict[Site, torch.Tensor] = field(default_factory=dict)
    note: HeadNote | None = None

    def wants(self, site: Site) -> bool:
        return self.stacks is None or site[0] in self.stacks

    def meet(self, module: Any, heads: int) -> None:
        """A module without a site computes attention."""

    def take(self, site: Site, probabilities: torch.Tensor) -> None:
        self.maps[site] = probabilities


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """This thread's forward passes are watched inside the `with`."""
    before = getattr(_thread, "watch", None)
    _thread.watch = watch
    try:
        yield watch
    finally:
        _thread.watch = before


def register() -> None:
    """Makes NAME known to transformers; may be called again."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)


def attend(module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: torch.Tensor | None,
           scaling: float | None = None, dropout: float = 0.0, **more: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """One attention of a network: (B, heads, q, d) queries, (B, groups, k, d) keys and values -> (B, q, heads, d).

    `attention_mask` is None, boolean (True where a query may look) or additive, (B or 1, 1 or heads, q, k).

    Raises: ValueError: a watched network computes its attention by more than the module's formula.
    """
    watch = getattr(_thread, "watch", None)
    if watch is not None and any(more.get(term) is not None for term in _OTHER_TERMS):
        raise ValueError(f"{type(module).__name__} does not support being watched: its attention has other terms")
    site = watch.sites.get(module) if watch else None
    if site is None:
        if watch is not None:
            watch.meet(module, query.shape[1])
        return _fast(module, query, key, value, attention_mask, scaling, dropout, more)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if watch.head is not None and watch.head[0] == site:
        watch.note = _note(module, query, key, value, attention_mask, scale, watch.head[1], more)
    if watch.wants(site) and watch.row is None:
        probabilities = _softmax(query, _grouped(key, query), _mask(module, query, key, attention_mask, more), scale)
        watch.take(site, probabilities)
        output = (probabilities @ _grouped(value, query).float()).to(value.dtype).transpose(1, 2).contiguous()
    else:
        if watch.wants(site):
            last = min(watch.row, query.shape[2] - 1)
            part = _mask(module, query, key, attention_mask, more)
            part = part if part is None or part.shape[2] == 1 else part[:, :, last:last + 1]
            watch.take(site, _softmax(query[:, :, last:last + 1], _grouped(key, query), part, scale))
        output = _fast(module, query, key, value, attention_mask, scaling, dropout, more)[0]
    factors = watch.keep.get(site)
    if factors is not None:
        output = output * factors[:, None, :, None].to(output)
    return output, None


def _softmax(query: torch.Tensor, keys: torch.Tensor, mask: torch.Tensor | None, scale: float) -> torch.Tensor:
    import torch

    scores = _scores(query, keys, scale)
    if mask is None:
        return scores.softmax(-1)
    if mask.dtype != torch.bool:
        return (scores + mask.float()).softmax(-1)
    probabilities = scores.masked_fill(~mask, torch.finfo(torch.float32).min).softmax(-1)
    return probabilities.masked_fill(~mask.any(-1, keepdim=True), 0)       # who may look nowhere does not look


def _scores(query: torch.Tensor, keys: torch.Tensor, scale: float) -> torch.Tensor:
    """(B, heads, q, k) float32. The kernel adds the products up in float32, whatever the network's own precision."""
    return (query.float() @ keys.float().transpose(-1, -2)) * scale


def _mask(module: Any, query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor | None, more: Mapping[str, Any]) -> torch.Tensor | None:
    """The mask as it acts: a causal network may leave it out and have the kernel know."""
    import torch

    queries, keys = query.shape[2], key.shape[2]
    if mask is not None:
        return mask[..., :keys]
    causal = more.get("is_causal")
    if queries == 1 or not (getattr(module, "is_causal", True) if causal is None else causal):     # as the kernel decides
        return None
    return torch.ones(queries, keys, dtype=torch.bool, device=query.device).tril(keys - queries)[None, None]


def _grouped(keys: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
    """Keys or values of a group, repeated for every query head that shares them (arXiv:2305.13245)."""
    times = query.shape[1] // keys.shape[1]
    return keys if times == 1 else keys.repeat_interleave(times, dim=1)


def _note(module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float,
          head: int, more: Mapping[str, Any]) -> HeadNote:
    q, k, v = query[:1, head:head + 1], _grouped(key, query)[:1, head:head + 1], _grouped(value, query)[:1, head:head + 1]
    full = _mask(module, query, key, mask, more)
    if full is not None:
        full = full[:1, head:head + 1] if full.shape[1] > 1 else full[:1]
    return HeadNote(_scores(q, k, scale)[0, 0], _softmax(q, k, full, scale)[0, 0], v[0, 0].float().norm(dim=-1))


def _fast(module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None,
          scaling: float | None, dropout: float, more: Mapping[str, Any]) -> tuple[torch.Tensor, None]:
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    return sdpa_attention_forward(module, query, key, value, mask, dropout=dropout, scaling=scaling, **more)
