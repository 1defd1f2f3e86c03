"""Two visitors whose first models are built at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from demos.base.attention.checkpoints import KINDS, POCKETS
from demos.base.attention.load import load_attention_model
from demos.base.clip.checkpoints import POCKET as POCKET_CLIP
from demos.base.clip.load import load_clip
from demos.base.devices import Device
from demos.base.diffusion.checkpoints import POCKET as POCKET_DIFFUSION
from demos.base.diffusion.load import load_diffuser

CPU = Device("cpu", "CPU", "float32", 0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_networks_built_at_once_have_their_weights(kind):
    """The libraries' own switches are the whole process's: without a lock some of these are refused as damaged."""
    builds = [(load_attention_model, POCKETS[kind]), (load_diffuser, POCKET_DIFFUSION), (load_clip, POCKET_CLIP)] * 2
    with ThreadPoolExecutor(len(builds)) as threads:
        for built in [threads.submit(build, checkpoint, CPU) for build, checkpoint in builds]:
            assert built.result() is not None
