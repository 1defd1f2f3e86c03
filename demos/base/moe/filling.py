"""A mixture that reads with one stack and writes with another: Switch Transformers (Fedus et al. 2021, arXiv:2101.03961).

It was trained as T5 was (Raffel et al. 2020): spans of a text are left out, a mark in the place of each, and the decoder
writes every mark and what belongs there. It gives a text as a whole no probability: there is no loss per token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..devices import Device
from ..language.cutting import Encoded
from ..language.tokens import GAP
from .model import MixtureModel, Routed, layer_of
from .routers import DECODER, ENCODER, STACKS, reading

if TYPE_CHECKING:
    import torch

MOST_WRITTEN = 24
_MARKS = 100                  # that T5's vocabulary has


class FillingMixture(MixtureModel):
    """It reads a text with gaps (`___`), and writes what may stand in them; all else as `MixtureModel`.

    `read` tells of the text what the encoder's routers decided, with no `nats`; `written` is what the decoder wrote.
    """

    fills = True

    def encode(self, text: str, limit: int | None = None) -> Encoded:
        """As `MixtureModel.encode`, every gap of the text the network's own mark."""
        numbers = iter(range(_MARKS))

        def mark(gap: re.Match) -> str:
            number = next(numbers, None)           # gaps beyond the last mark stay as they were typed
            return gap[0] if number is None else f"{' ' if gap[0].startswith(' ') else ''}<extra_id_{number}>"

        return super().encode(GAP.sub(mark, text), limit)

    def answers(self, ids: torch.Tensor, row: int = 0) -> Callable[[slice | Sequence[int]], torch.Tensor]:
        """One pass over (B, T) ids. -> a function of places of a row of what is written first: their scores (n, L) float32."""
        logits = self._write(ids, self._start(ids)).logits
        return lambda places, row=row: logits[row, places].float()

    def step(self, ids: torch.Tensor, past: Any = None) -> tuple[torch.Tensor, Any]:
        """Raises: ValueError: a text is not gone on with, its gaps are filled."""
        raise ValueError("an encoder-decoder does not continue a text")

    def read(self, ids: Sequence[int]) -> Routed:
        import torch

        with torch.inference_mode():
            tensor = self.tensor(ids)
            written = self._fill(tensor, gaps=self._first_mark in ids)
            with reading(self.network) as choices:
                logits = self._write(tensor, written).logits
            by_stack = {stack: tuple(layer_of(choice) for choice in choices if choice.stack == stack) for stack in STACKS}
            return Routed(tensor[0].cpu().numpy(), len(self.cutting.lead), by_stack[ENCODER], np.zeros(0, np.float32),
                          logits[0, -1].float().cpu().numpy(), written[0].cpu().numpy(), by_stack[DECODER])

    @property
    def _first_mark(self) -> int | None:
        return self.cutting.id_of("<extra_id_0>")

    def _write(self, ids: torch.Tensor, written: torch.Tensor) -> Any:
        return self.network(input_ids=ids, decoder_input_ids=written)

    def _start(self, ids: torch.Tensor) -> torch.Tensor:
        return ids.new_full((len(ids), 1), self.network.config.decoder_start_token_id)

    def _fill(self, ids: torch.Tensor, gaps: bool) -> torch.Tensor:
        """(1, W) ids that the decoder writes, always the likeliest, its start among them: alone where there is no gap."""
        written, past = self._start(ids), None
        if not gaps:
            return written
        read = self.network.encoder(input_ids=ids)
        while written.shape[1] < MOST_WRITTEN:
            output = self.network(encoder_outputs=read, decoder_input_ids=written[:, -1:], past_key_values=past, use_cache=True)
            past, chosen = output.past_key_values, output.logits[:, -1:].argmax(2)
            if int(chosen) in self.ends:
                break
            written = written.new_tensor([[*written[0].tolist(), int(chosen)]])
        return written

    def _reads_out(self) -> bool:
        return False                               # the head alone does not: it is asked together with both stacks
