"""The CLIPs every demo of this era can open, the pocket one first."""

from __future__ import annotations

from ..checkpoints import any_checkpoint_allowed, find_checkpoint
from ..spec import WEIGHTS, Checkpoint

# `gigabytes` is what opening one takes at most, measured in float32: open_clip holds file and network at
# once, twice what stays. `megabytes` counts the tokenizer where it is large.

POCKET = Checkpoint(
    id="pocket", name="Pocket CLIP", licence="Apache-2.0", parameters=4.16,
    folder=WEIGHTS / "clip_zero_shot" / "pocket", gigabytes=0.02, languages=("en", "zh"))

VIT_B_32 = Checkpoint(
    id="laion/CLIP-ViT-B-32-laion2B-s34B-b79K", name="OpenCLIP ViT-B/32 (LAION-2B)", licence="MIT",
    parameters=151, repo="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
    revision="1a25a446712ba5ee05982a381eed697ef9b435cf",
    files=("open_clip_config.json", "*.safetensors", "*.json", "*.txt"), megabytes=605, gigabytes=1.2)

# The paper's own, with the activation it was trained with; timm's repository also holds pickles, and a
# tokenizer that open_clip does not need.
VIT_L_14 = Checkpoint(
    id="timm/vit_large_patch14_clip_224.openai", name="OpenAI CLIP ViT-L/14", licence="Apache-2.0",
    parameters=428, repo="timm/vit_large_patch14_clip_224.openai",
    revision="18d0535469bb561bf468d76c1d73aa35156c922b",
    files=("open_clip_config.json", "open_clip_model.safetensors"), megabytes=1711, gigabytes=3.4)

_OPEN_CLIP_WITH_TOKENIZER = ("open_clip_config.json", "open_clip_model.safetensors", "tokenizer.json",
                             "tokenizer_config.json", "special_tokens_map.json")

SIGLIP = Checkpoint(
    id="timm/ViT-B-16-SigLIP", name="SigLIP ViT-B/16", licence="Apache-2.0", parameters=203,
    repo="timm/ViT-B-16-SigLIP", revision="41f575766f40e752fdd1383e9565b7f02388c1c4",
    files=_OPEN_CLIP_WITH_TOKENIZER, megabytes=813, gigabytes=1.6)

# No commit is known for sure yet: see "Waiting for the network" in weights/README.md.
SIGLIP_2 = Checkpoint(
    id="timm/ViT-B-16-SigLIP2", name="SigLIP 2 ViT-B/16", licence="Apache-2.0", parameters=375,
    repo="timm/ViT-B-16-SigLIP2", files=_OPEN_CLIP_WITH_TOKENIZER, megabytes=1535, gigabytes=3.0,
    languages=("en", "zh"))

# Its safetensors wait in pull request 1, made by the Hub's own conversion bot; this is that commit. The
# repository states no licence.
CHINESE_CLIP = Checkpoint(
    id="OFA-Sys/chinese-clip-vit-base-patch16", name="Chinese-CLIP ViT-B/16", licence="",
    parameters=188, repo="OFA-Sys/chinese-clip-vit-base-patch16",
    revision="f4a64596bbcf9a2a94591b74b9dc39b2e4e77e3e",
    files=("config.json", "model.safetensors", "preprocessor_config.json", "vocab.txt"), megabytes=753,
    gigabytes=0.8, languages=("zh",))

CLIPS = (POCKET, VIT_B_32, VIT_L_14, SIGLIP, SIGLIP_2, CHINESE_CLIP)


def clip_of(id: str) -> Checkpoint:
    """The CLIP a picker's id names. Raises UserError as `find_checkpoint`."""
    return find_checkpoint(id, CLIPS, allow_any=any_checkpoint_allowed())
