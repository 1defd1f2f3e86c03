"""A network whose attention can be watched: text or a picture in, tokens, maps and answers out.

One class for the four kinds of `checkpoints.KINDS`. All methods are safe to share between threads: what
is watched belongs to the asking thread (`capture`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..devices import Device
from ..language.readout import read_out
from ..language.tokens import Token, encode_text, show_tokens
from ..loader import measure
from .capture import Site, Watch, watching
from .checkpoints import CAUSAL, MASKED, TRANSLATION, VISION
from .readout import find_norm
from .sites import Finder, stack_of, widened

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

MOST_TOKENS = 512             # shown at once, whatever a model's context
MOST_MAP_BYTES = 600_000_000  # of all maps of one pass in float32; numbers about them take as much again a few times over
MOST_WRITTEN = 128            # tokens of a translation
# Tokens of one batched pass: bounds memory, and larger batches are no faster.
_BATCH_TOKENS = 4096


@dataclass(frozen=True)
class Stack:
    """One row of attention layers: "self", or an encoder-decoder's "encoder", "decoder" and "cross"."""

    name: str
    layers: int
    heads: int
    causal: bool


@dataclass(frozen=True)
class Reading:
    """What a network is given.

    Attributes:
        ids: (1, T) token ids of a text, or None.
        pixels: (1, 3, H, W) of a picture, or None.
        written: (1, N) ids a translator wrote, its end mark included; None before it wrote.
        cut: tokens that did not fit.
        gaps: places of mask tokens.
        milliseconds: that writing took.
    """

    ids: torch.Tensor | None = None
    pixels: torch.Tensor | None = None
    written: torch.Tensor | None = None
    cut: int = 0
    gaps: tuple[int, ...] = ()
    milliseconds: float = 0.0

    @property
    def length(self) -> int:
        return 0 if self.ids is None else self.ids.shape[1]


class AttentionModel:
    """A network, its tokenizer or its way to read pictures, and where its attentions stand.

    Attributes:
        kind: one of `checkpoints.KINDS`.
        stacks: in the order shown.
        limit: tokens it reads at once, at most MOST_TOKENS.
        parameters: number of weights; `nbytes`: their memory.
        side: (rows, columns) of a picture's pixels as its reader gives them; grid: of its patches; None for text.
        has_lens: whether the head can read the states after every layer; final_norm: the norm that those after the last
            one pass before it, None where there is none.
        labels: names of a classifier's classes, or ().
    """

    def __init__(self, network: Any, kind: str, device: Device, *, tokenizer: Any = None, processor: Any = None) -> None:
        self.network, self.kind, self.device = network.requires_grad_(False), kind, device
        self.tokenizer, self.processor = tokenizer, processor
        self.parameters = sum(p.numel() for p in network.parameters())
        self.nbytes = measure(network)
        self.dtype_name = str(next(network.parameters()).dtype).removeprefix("torch.")
        self.side: tuple[int, int] | None = None
        self.grid: tuple[int, int] | None = None
        self.sites, self.stacks = self._find_sites()
        self.limit = self._limit()
        self.has_lens, self.final_norm = self._find_norm()
        # Other classifiers read more than the class token.
        classes = getattr(network.config, "id2label", {}) if type(network).__name__ == "ViTForImageClassification" else {}
        self.labels = tuple(str(classes[i]) for i in sorted(classes))

    # -- reading ---------------------------------------------------------------------------------
    def read_text(self, text: str, hidden: Sequence[int] = ()) -> Reading:
        """A text as tokens, what does not fit cut off at its end. A masked model's `hidden` tokens become gaps."""
        import torch

        ids, cut = encode_text(self.tokenizer, self.kind, text, self.limit)
        if self.kind == MASKED:
            for place in hidden:
                if 0 < place < len(ids) - 1:
                    ids[place] = self.tokenizer.mask_token_id
        mask = self.tokenizer.mask_token_id if self.kind == MASKED else None
        gaps = tuple(place for place, id in enumerate(ids) if mask is not None and id == mask)
        return Reading(torch.tensor([ids], device=self.device.name), cut=cut, gaps=gaps)

    def read_picture(self, picture: Image) -> Reading:
        """A picture as the network's pixels."""
        pixels = self.processor(picture.convert("RGB"))
        return Reading(pixels=pixels.to(self.device.name, next(self.network.parameters()).dtype))

    def show(self, ids: Sequence[int]) -> list[Token]:
        """Token ids as a reader sees them."""
        return show_tokens(self.tokenizer, ids)

    # -- asking ----------------------------------------------------------------------------------
    def states(self, reading: Reading, watch: Watch | None = None, *, rows: int = 1, hide: Any = None, ids: Any = None,
               more_states: bool = False, split: Site | None = None) -> Any:
        """The network's output without its last projection: `.last_hidden_state` (B, T, D) and so on.

        Args:
            watch: notes what the pass computes.
            rows: how many equal rows the batch has.
            hide: (B, T) True at source tokens no one may look at.
            ids: (B, T) instead of the reading's own, repeated.
            more_states: also the states after every layer.
            split: a site of `can_split`; the batch has one row below it, and `rows` from its layer on.
        """
        import torch

        if split is not None:
            with widened(self._blocks[split], rows):
                return self.states(reading, watch, hide=hide, ids=ids, more_states=more_states)

        inputs: dict[str, Any] = {"output_hidden_states": more_states} if more_states else {}
        if self.kind == VISION:
            inputs["pixel_values"] = reading.pixels.expand(rows, -1, -1, -1)
        else:
            inputs["input_ids"] = reading.ids.expand(rows, -1) if ids is None else ids
            inputs["attention_mask"] = torch.ones_like(inputs["input_ids"]) if hide is None else (~hide).long()
            inputs["use_cache"] = False
        if self.kind == MASKED:
            del inputs["use_cache"]
        if self.kind == TRANSLATION:
            inputs["decoder_input_ids"] = self.read_by_decoder(reading).expand(len(inputs["input_ids"]), -1)
        with watching(watch) if watch else nullcontext():
            return self.body(**inputs)

    def can_split(self, stack: str) -> bool:
        """Whether a pass may begin with one row and go on with several from a layer of this stack on."""
        return self.kind != TRANSLATION and {site for site in self.sites.values() if site[0] == stack} <= self._blocks.keys()

    @property
    def body(self) -> Any:
        """The network without its head."""
        return getattr(self.network, self.network.base_model_prefix, self.network)

    def read_by_decoder(self, reading: Reading) -> torch.Tensor:
        """(1, N) ids the decoder reads: its mark of beginning, then what was written but for the last."""
        import torch

        start = torch.tensor([[self.network.config.decoder_start_token_id]], device=self.device.name)
        return torch.cat([start, reading.written[:, :-1]], dim=1)

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Final states (..., D) -> scores over the vocabulary (..., V) float32, by the network's own head."""
        return read_out(self.network, states)

    @property
    def map_bytes(self) -> int:
        """Memory of all maps of a pass over `limit` tokens, in float32."""
        return 4 * self.limit ** 2 * sum(stack.layers * stack.heads for stack in self.stacks)

    def write(self, reading: Reading, keep: dict[Site, torch.Tensor] | None = None, rows: int = 1, hide: Any = None) -> torch.Tensor:
        """(rows, N) ids a translator writes, the likeliest token each time, padded after its end mark.

        keep, hide: as of `Watch` and `states`: what each row goes without.
        """
        import torch

        config = self.network.config
        ids = reading.ids.expand(rows, -1)
        mask = torch.ones_like(ids) if hide is None else (~hide).long()
        with watching(Watch(self.sites, stacks=(), keep=keep or {})):
            encoded = self.network.get_encoder()(input_ids=ids, attention_mask=mask)
            written = torch.full((rows, 1), config.decoder_start_token_id, device=ids.device)
            past, done = None, torch.zeros(rows, dtype=torch.bool, device=ids.device)
            longest = min(MOST_WRITTEN, self.limit, 2 * reading.length + 12)
            while written.shape[1] <= longest and not bool(done.all()):
                output = self.network(encoder_outputs=encoded, attention_mask=mask, decoder_input_ids=written[:, -1:],
                                      past_key_values=past, use_cache=True)
                past = output.past_key_values
                scores = output.logits[:, -1].float()
                if config.pad_token_id is not None:
                    scores[:, config.pad_token_id] = float("-inf")   # Marian begins with it and never writes it
                best = scores.argmax(-1)
                best = torch.where(done, torch.full_like(best, config.pad_token_id), best)
                written = torch.cat([written, best[:, None]], dim=1)
                done |= best == config.eos_token_id
        return written[:, 1:]

    def decode(self, ids: Sequence[int]) -> str:
        """Ids as plain text, marks left out."""
        return self.tokenizer.decode([int(i) for i in ids], skip_special_tokens=True).strip()

    def largest_batch(self, length: int) -> int:
        """Rows of `length` tokens that one pass takes."""
        return max(1, _BATCH_TOKENS // max(1, length))

    # -- sites -----------------------------------------------------------------------------------
    def _find_sites(self) -> tuple[dict[Any, Site], tuple[Stack, ...]]:
        """Where the attentions stand, learned from one small pass: names differ, the order of calls does not.

        None where they cannot be told apart, or do not make an even table.
        """
        import torch

        watch = Finder()
        with torch.inference_mode(), watching(watch):
            if self.kind == VISION:
                config = self.network.config
                patch = _pair(getattr(config, "vision_config", config).patch_size)
                self.side = self.processor.side
                self.grid = (self.side[0] // patch[0], self.side[1] // patch[1])
                self.network(pixel_values=self.sample().pixels)
            else:
                ids = torch.zeros((1, 2), dtype=torch.long, device=self.device.name)
                more = {"decoder_input_ids": ids} if self.kind == TRANSLATION else {}
                self.network(input_ids=ids, **more)
        names = {module: name for name, module in self.network.named_modules()}
        self._blocks: dict[Site, Any] = {}             # the layer an attention is part of: "h.3" of "h.3.attn"
        sites: dict[Any, Site] = {}
        counts: dict[str, int] = {}
        heads: dict[str, int] = {}
        for module, number in watch.found:
            stack = stack_of(names[module]) if self.kind == TRANSLATION else "self"
            if module in sites or heads.get(stack, number) != number:     # one layer used twice; layers of unlike size
                return {}, ()
            sites[module] = (stack, counts.get(stack, 0))
            if block := re.match(r"(.+?\.\d+)\.", names[module]):
                self._blocks[sites[module]] = self.network.get_submodule(block[1])
            counts[stack] = counts.get(stack, 0) + 1
            heads[stack] = number
        order = [name for name in ("cross", "encoder", "decoder", "self") if name in counts]
        causal = {"self": self.kind == CAUSAL, "decoder": True}
        return sites, tuple(Stack(name, counts[name], heads[name], causal.get(name, False)) for name in order)

    def _limit(self) -> int:
        if self.kind == VISION:                    # a picture cannot be cut; `map_bytes` says what its maps take
            return 1 + self.grid[0] * self.grid[1]
        config = self.network.config
        context = int(getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None) or MOST_TOKENS)
        if context < 1:
            raise ValueError(f"a context of {context} tokens")
        heads = sum(stack.layers * stack.heads for stack in self.stacks)
        return min(MOST_TOKENS, context, math.isqrt(MOST_MAP_BYTES // (4 * max(1, heads))))

    def _find_norm(self) -> tuple[bool, Any]:
        """`has_lens` and `final_norm`, by a small pass."""
        import torch

        name = "decoder" if self.kind == TRANSLATION else "self"
        blocks = [block for site, block in sorted(self._blocks.items(), key=lambda item: item[0]) if site[0] == name]
        if self.kind == VISION or not self.stacks or not blocks:
            return False, None
        reading = self.sample()
        with torch.inference_mode():
            return find_norm(self.body, self._blocks.values(), blocks[-1], lambda: self.states(reading).last_hidden_state)

    def sample(self) -> Reading:
        """A few tokens of no text in particular, or a black picture."""
        import torch

        if self.kind == VISION:
            return Reading(pixels=torch.zeros(1, 3, *self.side, device=self.device.name, dtype=next(self.network.parameters()).dtype))
        ids = (torch.arange(3, 7, device=self.device.name) % self.network.config.vocab_size)[None]
        return Reading(ids, written=ids if self.kind == TRANSLATION else None)


def _pair(size: Any) -> tuple[int, int]:
    return tuple(size) if isinstance(size, (tuple, list)) else (size, size)
