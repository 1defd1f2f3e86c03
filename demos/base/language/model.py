"""A text network that is asked for whole distributions: what may stand at a place, and what comes next.

All methods are safe to share between threads.

| letter | here |
|---|---|
| T | tokens of a text, marks around it included |
| L | rows of the vocabulary |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..devices import Device
from ..loader import measure
from .cutting import Cutting, Encoded
from .kinds import CAUSAL
from .readout import read_out
from .tokens import Token, TokenNames

if TYPE_CHECKING:
    import torch

MOST_TOKENS = 512             # of a text that is read at once, whatever a model's context
MOST_GROWN = 2048             # of a text and what is written after it
_CLOSE = 0.01                 # of the largest score: what two ways to the same answer may differ by in half precision
_SAMPLE = (3, 4, 5, 6)        # ids of no text in particular


class LanguageModel:
    """A network that continues a text or fills its gaps, and its tokenizer.

    Attributes:
        kind: CAUSAL or MASKED.
        parameters: number of weights; `nbytes`: their memory; `stored`: bytes of their files.
        dtype_name: number format it computes in.
        context: places it has; limit: tokens of a text it reads here, marks around it not counted.
        rows: of its answers, at least as many as there are tokens.
        cutting: its tokenizer's way to cut.
    """

    def __init__(self, network: Any, kind: str, device: Device, tokenizer: Any, stored: int = 0) -> None:
        """Raises: ValueError: a context that holds no text, or a tokenizer whose tokens have no place."""
        self.network, self.kind, self.device, self.tokenizer = network.requires_grad_(False), kind, device, tokenizer
        self.stored = stored
        self.parameters = sum(p.numel() for p in network.parameters())
        self.nbytes = measure(network)
        self.dtype_name = str(next(network.parameters()).dtype).removeprefix("torch.")
        self.cutting, self._names = Cutting(tokenizer, kind), TokenNames(tokenizer)
        config = network.config
        self.context = int(getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None) or MOST_TOKENS)
        self.limit = min(MOST_TOKENS, self.context) - len(self.cutting.lead) - len(self.cutting.trail)
        if self.limit < 1:
            raise ValueError(f"a context of {self.context} tokens")
        self.rows = int(config.vocab_size)
        ends = getattr(config, "eos_token_id", None)
        self.ends = frozenset(ends if isinstance(ends, (list, tuple)) else [ends]) - {None}
        self._whole = False
        self._whole = not self._reads_out()

    # -- text ------------------------------------------------------------------------------------
    def encode(self, text: str, limit: int | None = None) -> Encoded:
        """The text's own tokens, `limit` at most. Raises: UserError `text_empty`."""
        return self.cutting.encode(text, min(self.limit, limit or self.limit))

    def show(self, ids: Sequence[int]) -> list[Token]:
        """Token ids as a reader sees them."""
        return self._names(ids)

    def tensor(self, ids: Sequence[int]) -> torch.Tensor:
        """(1, T) with the marks that stand around a text."""
        import torch

        return torch.tensor([[*self.cutting.lead, *ids, *self.cutting.trail]], device=self.device.name)

    # -- asking ----------------------------------------------------------------------------------
    def answers(self, ids: torch.Tensor, row: int = 0) -> Callable[[slice | Sequence[int]], torch.Tensor]:
        """One pass over (B, T) ids. -> a function of places of a row: their scores (n, L) float32.

        A causal model's scores at a place are of the token after it. The head is asked for the places that are wanted
        alone: of a long text under a large vocabulary, all scores would fill the memory.
        """
        more = {"use_cache": False} if self.kind == CAUSAL else {}
        if self._whole:
            logits = self.network(input_ids=ids, **more).logits
            return lambda places, row=row: logits[row, places].float()
        states = self.body(input_ids=ids, **more).last_hidden_state
        return lambda places, row=row: read_out(self.network, states[row, places])

    def step(self, ids: torch.Tensor, past: Any = None) -> tuple[torch.Tensor, Any]:
        """(1, T) ids after those of `past` -> scores (L,) float32 of the next token, and what to hand over next time."""
        if self._whole:
            output = self.network(input_ids=ids, past_key_values=past, use_cache=True)
            return output.logits[0, -1].float(), output.past_key_values
        output = self.body(input_ids=ids, past_key_values=past, use_cache=True)
        return read_out(self.network, output.last_hidden_state[0, -1]), output.past_key_values

    def wait(self) -> None:
        """Until the device has done what it was told: a clock that is read before counts nothing."""
        if self.device.name != "cpu":
            import torch

            torch.get_device_module(self.device.name.partition(":")[0]).synchronize()

    @property
    def body(self) -> Any:
        """The network without its head."""
        return getattr(self.network, self.network.base_model_prefix, self.network)

    def _reads_out(self) -> bool:
        """Whether the head alone turns the last states into the network's answer: some bend or scale it afterwards.

        A pass and a step, which also make a first answer as fast as later ones.
        """
        import torch

        with torch.inference_mode():
            ids = torch.tensor([_SAMPLE], device=self.device.name) % self.rows
            alone = self.network(input_ids=ids).logits[0].float()
            try:
                said = self.answers(ids)(slice(None))
            except (AttributeError, TypeError, RuntimeError):
                return False
            fits = said.shape == alone.shape and float((said - alone).abs().max()) <= _CLOSE * float(alone.abs().max())
            if fits and self.kind == CAUSAL:
                self.step(ids[:, :1], self.step(ids)[1])
            return fits
