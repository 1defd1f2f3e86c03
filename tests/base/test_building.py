"""Networks as the loader lends them: built for one visitor, at the same moment as others, and asked by the next."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from demos.base.attention.checkpoints import CAUSAL, KINDS, POCKETS
from demos.base.attention.load import load_attention_model
from demos.base.clip.checkpoints import POCKET as POCKET_CLIP
from demos.base.clip.load import load_clip
from demos.base.devices import Device
from demos.base.diffusion.checkpoints import POCKET as POCKET_DIFFUSION
from demos.base.diffusion.load import load_diffuser
from demos.base.digits.load import load_model, write_model
from demos.base.digits.networks import Student
from demos.base.loader import building

CPU = Device("cpu", "CPU", "float32", 0, 0)
PIPELINE = ("unet", "vae", "text_encoder")


@pytest.mark.parametrize("kind", KINDS)
def test_networks_built_at_once_have_their_weights(kind):
    """The libraries' own switches are the whole process's: without a lock some of these are refused as damaged."""
    builds = [(load_attention_model, POCKETS[kind]), (load_diffuser, POCKET_DIFFUSION), (load_clip, POCKET_CLIP)] * 2
    with ThreadPoolExecutor(len(builds)) as threads:
        for built in [threads.submit(build, checkpoint, CPU) for build, checkpoint in builds]:
            assert built.result() is not None


def open_all(name: str, folder) -> list[torch.nn.Module]:
    """The networks that opening `name` gives."""
    if name == "clip":
        return [load_clip(POCKET_CLIP, CPU)._network]  # noqa: SLF001 - it has no other door
    if name == "diffuser":
        diffuser = load_diffuser(POCKET_DIFFUSION, CPU)
        return [getattr(diffuser, part) for part in PIPELINE]
    if name == "digits":
        return [load_model(folder)]
    return [load_attention_model(POCKETS[name], CPU).network]


@pytest.mark.parametrize("name", [*KINDS, "clip", "diffuser", "digits"])
def test_gradients_can_be_asked_of_a_network_first_opened_without(name, tmp_path):
    """The loader lends it to whoever comes next."""
    write_model(tmp_path, Student())
    with torch.inference_mode():
        networks = open_all(name, tmp_path)
    for network in networks:
        assert not any(tensor.is_inference() for tensor in (*network.parameters(), *network.buffers()))


def test_nobody_waits_for_a_build_that_failed():
    with pytest.raises(ValueError, match="damaged"), building():
        raise ValueError("damaged")
    with building():
        assert not torch.is_inference_mode_enabled()
