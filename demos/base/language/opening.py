"""A text network and its tokenizer out of a folder, by the field library, with the distrust that a stranger's folder deserves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .kinds import CAUSAL, MASKED, TRANSLATION


def library_errors() -> tuple[type[Exception], ...]:
    """What the libraries raise at a folder whose files are damaged or do not belong together."""
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    return (SafetensorError, StrictDataclassError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, AssertionError,
            IndexError, ArithmeticError, ImportError, OSError)


def library_class(kind: str) -> Any:
    """The library's door to networks of a kind."""
    import transformers

    return {CAUSAL: transformers.AutoModelForCausalLM, MASKED: transformers.AutoModelForMaskedLM,
            TRANSLATION: transformers.AutoModelForSeq2SeqLM}[kind]


def open_text_network(folder: Path, kind: str, common: dict[str, Any]) -> tuple[Any, Any]:
    """The network and its tokenizer; `common`: what `from_pretrained` is told besides.

    Raises: ValueError: tensors or tokens that the folder lacks; what the library raises.
    """
    network, tokenizer = open_network(library_class(kind), folder, common), open_tokenizer(folder, kind)
    if kind == MASKED and tokenizer.mask_token_id is None:
        raise ValueError("no mask token")
    if 2 * len(tokenizer) < network.config.vocab_size:     # without its files, the library makes up one that knows no words
        raise ValueError(f"{len(tokenizer)} tokens for {network.config.vocab_size} rows")
    return network, tokenizer


def open_network(kind: Any, folder: Path, common: dict[str, Any]) -> Any:
    """The library puts random numbers where a file lacks tensors; here only an unused pooling layer may lack them.

    Raises: ValueError.
    """
    network, report = kind.from_pretrained(folder, output_loading_info=True, **common)
    if lacking := sorted(report["missing_keys"]):
        if not all(name.startswith("pooler.") for name in lacking):
            raise ValueError(f"no weights for {lacking}")
        network.pooler = None
    return network


def open_tokenizer(folder: Path, kind: str) -> Any:
    """The folder's tokenizer, which cuts as its published `tokenizer.json` does.

    Raises: ValueError: a file that is no tokenizer; what the library raises.
    """
    try:
        return _open_tokenizer(folder, kind)
    except Exception as error:  # noqa: BLE001 - the tokenizers library has no narrower one
        if type(error) is not Exception:
            raise
        raise ValueError(str(error)) from error


def _open_tokenizer(folder: Path, kind: str) -> Any:
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    published = folder / "tokenizer.json"
    if kind == CAUSAL and type(tokenizer) is not transformers.PreTrainedTokenizerFast and published.exists():
        # The class that a checkpoint names builds a pipeline of its own and leaves out what this one adds to it:
        # SmolLM2 names GPT-2's and takes digits one by one.
        from tokenizers import Tokenizer

        own, backend = Tokenizer.from_file(str(published)), tokenizer.backend_tokenizer
        backend.normalizer, backend.pre_tokenizer = own.normalizer, own.pre_tokenizer
    return tokenizer
