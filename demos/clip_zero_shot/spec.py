"""CLIP (Radford et al. 2021): a classifier whose classes are whatever you write."""

from ..base.spec import WEIGHTS, Checkpoint, DemoSpec, Paper

POCKET = Checkpoint(
    id="pocket", name="Pocket CLIP", licence="Apache-2.0", parameters=4.16,
    folder=WEIGHTS / "clip_zero_shot" / "pocket", gigabytes=0.02, languages=("en", "zh"))

VIT_B_32 = Checkpoint(
    id="laion/CLIP-ViT-B-32-laion2B-s34B-b79K", name="OpenCLIP ViT-B/32 (LAION-2B)", licence="MIT",
    parameters=151, repo="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
    revision="1a25a446712ba5ee05982a381eed697ef9b435cf",
    files=("open_clip_config.json", "*.safetensors", "*.json", "*.txt"), megabytes=605, gigabytes=0.6)

SPEC = DemoSpec(
    id="clip_zero_shot",
    era="contrastive",
    paper=Paper("Learning Transferable Visual Models From Natural Language Supervision",
                "Radford, Kim, Hallacy et al.", 2021, "2103.00020"),
    checkpoints=(POCKET, VIT_B_32),
)
