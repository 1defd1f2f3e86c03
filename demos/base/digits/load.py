"""A digit network's folder: config.json, model.safetensors in half precision, SHA256SUMS. Importing this loads no torch."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ..checkpoints import verify_checksums, write_checksums
from ..errors import UserError
from ..loader import building
from ..measured import write_json

if TYPE_CHECKING:
    from torch import nn

CONFIG, TENSORS = "config.json", "model.safetensors"


def write_model(folder: Path, model: nn.Module) -> None:
    """The folder of a `Teacher` or `Student`, in place of what lay there."""
    from safetensors.torch import save_file

    from .networks import NETWORKS

    kind = next(kind for kind, (_, network) in NETWORKS.items() if type(model) is network)
    shutil.rmtree(folder, ignore_errors=True)
    write_json(folder / CONFIG, {"kind": kind, **dataclasses.asdict(model.config)})
    # Counters stay whole numbers.
    state = {name: (value.half() if value.is_floating_point() else value).cpu().contiguous()
             for name, value in model.state_dict().items()}
    save_file(state, folder / TENSORS)
    (folder / TENSORS).chmod(0o644)
    write_checksums(folder)


def load_model(folder: Path, name: str | None = None) -> nn.Module:
    """The network of a folder in float32, ready to answer, on the processor.

    Args:
        name: what a visitor knows it by, for the message of an error; the folder's own name otherwise.

    Raises:
        UserError: `weights_missing`, `weights_altered`, or `checkpoint_broken` where configuration and tensors do not
            belong together.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from .networks import NETWORKS

    folder, name = Path(folder), name or Path(folder).name
    verify_checksums(folder, name)
    try:
        given = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        config, network = NETWORKS[given.pop("kind")]
        with building():
            model = network(config(**{key: _as_tuples(value) for key, value in given.items()}))
            model.load_state_dict(load_file(folder / TENSORS))       # into float32
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise UserError("checkpoint_broken", name=name) from error
    return model.eval().requires_grad_(False)


def _as_tuples(value: object) -> object:
    """JSON's lists as the tuples of a frozen configuration."""
    return tuple(_as_tuples(item) for item in value) if isinstance(value, list) else value
