"""The CLIPs every demo of this era can open, the pocket one first."""

from __future__ import annotations

from ..checkpoints import any_checkpoint_allowed, find_checkpoint
from ..spec import WEIGHTS, Checkpoint

POCKET = Checkpoint(
    id="pocket", name="Pocket CLIP", licence="Apache-2.0", parameters=4.16,
    folder=WEIGHTS / "clip_zero_shot" / "pocket", gigabytes=0.02, languages=("en", "zh"))

VIT_B_32 = Checkpoint(
    id="laion/CLIP-ViT-B-32-laion2B-s34B-b79K", name="OpenCLIP ViT-B/32 (LAION-2B)", licence="MIT",
    parameters=151, repo="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
    revision="1a25a446712ba5ee05982a381eed697ef9b435cf",
    files=("open_clip_config.json", "*.safetensors", "*.json", "*.txt"), megabytes=605, gigabytes=0.6)

CLIPS = (POCKET, VIT_B_32)


def clip_of(id: str) -> Checkpoint:
    """The CLIP a picker's id names. Raises UserError as `find_checkpoint`."""
    return find_checkpoint(id, CLIPS, allow_any=any_checkpoint_allowed())
