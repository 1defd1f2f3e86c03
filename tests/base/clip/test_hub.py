"""CLIP from the Hub: a cache that went bad, and full size through the same code as the pocket model (the
architecture is exact, the weights are random)."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from demos.base.checkpoints import find_checkpoint, open_folder
from demos.base.clip.load import open_clip_model
from demos.base.errors import UserError
from demos.base.loader import LOADER
from demos.base.spec import Checkpoint
from tests.tiny_clip import write_tiny_clip


def test_damage_in_the_cache_is_said_once_and_mended_next_time(hub, tmp_path):
    commit = hub.add("owner/tiny", write_tiny_clip(tmp_path / "tiny"))
    listed = Checkpoint(id="hub2", name="Tiny", licence="", parameters=0, repo="owner/tiny", revision=commit)
    with open_clip_model(listed):
        pass
    LOADER.free_unused()
    cached = open_folder(listed) / "open_clip_model.safetensors"
    whole = cached.read_bytes()
    cached.resolve().write_bytes(whole[:5000])
    with pytest.raises(UserError, match="checkpoint_broken"), open_clip_model(listed):
        pass
    with open_clip_model(listed):
        assert cached.read_bytes() == whole


def test_vit_b_32_through_the_folder_and_the_hub(hub, tmp_path):
    """The architecture of LAION's ViT-B-32 with random weights, stored as float16 to halve the file."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    pictures = [Image.linear_gradient("L").convert("RGB").resize((300, 260))]
    torch.manual_seed(0)
    network = open_clip.CLIP(**open_clip.get_model_config("ViT-B-32")).eval().half()
    folder = tmp_path / "vit"
    folder.mkdir()
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    network.float()
    preprocess = {"mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD,
                  "interpolation": "bicubic", "resize_mode": "shortest"}
    (folder / "open_clip_config.json").write_text(json.dumps(
        {"model_cfg": open_clip.get_model_config("ViT-B-32"), "preprocess_cfg": preprocess}))
    texts = ["a photo of a cat", "a photo of a dog" * 40]
    commit = hub.add("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", folder)
    prepare = open_clip.image_transform(224, is_train=False)
    with torch.no_grad():
        image = network.encode_image(torch.stack([prepare(p) for p in pictures]), normalize=True).numpy()
        text = network.encode_text(open_clip.get_tokenizer("ViT-B-32")(texts), normalize=True).numpy()
    del network
    try:
        checkpoint = Checkpoint(id="vit", name="ViT-B-32", licence="MIT", parameters=151, revision=commit,
                                repo="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
                                files=("open_clip_config.json", "*.safetensors", "*.json", "*.txt"))
        for each in (find_checkpoint(str(folder), [], allow_any=True), checkpoint):
            with open_clip_model(each) as model:
                assert model.parameters == 151_277_313
                assert (model.image_size, model.context_length, model.embed_dim) == (224, 77, 512)
                assert model.truncated(texts) == [False, True]
                np.testing.assert_allclose(model.image_features(pictures), image, atol=1e-5)
                np.testing.assert_allclose(model.text_features(texts), text, atol=1e-5)
            LOADER.free_unused()
    finally:
        shutil.rmtree(tmp_path)
