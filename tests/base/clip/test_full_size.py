"""The well-known CLIPs through the code of the pocket model: folders as the Hub holds them, the same
classes and flags with fewer layers, random weights. `python -m tests.bench clip_side_by_side` has them at full size."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from demos.base.checkpoints import find_checkpoint, status
from demos.base.clip.checkpoints import CHINESE_CLIP, CLIPS, SIGLIP, SIGLIP_2, VIT_L_14
from demos.base.clip.load import load_clip, open_clip_model
from demos.base.clip.zero_shot import probabilities
from demos.base.devices import pick_device
from demos.base.errors import UserError
from demos.base.loader import LOADER
from tests.full_clip import WRITERS, library_answer

CAT = chr(0x732B)
TEXTS = ["a photo of a cat", "A_Photo, of 2 Cats!", CAT, f"{CAT} cat", "x " * 30]
NAMES = sorted(WRITERS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("full")
    yield {name: write(root / name, small=True) for name, write in WRITERS.items()}
    shutil.rmtree(root)


@pytest.fixture(autouse=True)
def without_a_network(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    yield
    LOADER.free_unused()


def pictures():
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, size, np.uint8)) for size in ((90, 140, 3), (300, 220, 3))]


def load(folder):
    return load_clip(find_checkpoint(str(folder), (), allow_any=True), pick_device())


def refusal(folder):
    with pytest.raises(UserError) as caught:
        load(folder)
    return caught.value.key


@pytest.mark.parametrize("name", NAMES)
def test_features_and_probabilities_are_the_librarys(name, folders):
    images, texts, expected = library_answer(name, folders[name], pictures(), TEXTS)
    model = load(folders[name])
    np.testing.assert_allclose(model.image_features(pictures()), images, atol=1e-5)
    np.testing.assert_allclose(model.text_features(TEXTS), texts, atol=1e-5)
    found = probabilities(model.image_features(pictures()) @ model.text_features(TEXTS).T,
                          model.logit_scale, model.logit_bias)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.std(images) > 0.01 and np.std(texts, axis=0).max() > 1e-3  # they do tell inputs apart


@pytest.mark.parametrize("name", NAMES)
def test_a_text_alone_and_among_longer_ones_is_the_same(name, folders):
    model = load(folders[name])
    together = model._encode_texts(TEXTS)
    alone = np.concatenate([model._encode_texts([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_sigmoid_for_siglip_softmax_for_clip(folders):
    biases = {name: load(folders[name]).logit_bias for name in NAMES}
    assert biases == {"chinese_clip": None, "siglip": -10, "siglip2": -10, "vit_l": None}


@pytest.mark.parametrize("name, fits", [("vit_l", 75), ("chinese_clip", 50), ("siglip", 63), ("siglip2", 63)])
def test_truncation_is_noticed_at_the_last_token(name, fits, folders):
    """A word each; two marks around a text in CLIP and BERT, one at the end in T5 and Gemma."""
    word = CAT if name in ("chinese_clip", "siglip", "siglip2") else "a"
    model = load(folders[name])
    if name == "siglip":                           # T5's pieces: the mark of a word's start, and the word
        fits //= 2
    if name == "siglip2":                          # Gemma joins a space to the word before it: two pieces a word
        fits = (fits + 1) // 2
    assert model.truncated([" ".join([word] * fits), " ".join([word] * (fits + 1))]) == [False, True]


def test_gemmas_padding_is_at_the_end_whatever_its_file_leaves_out(folders, tmp_path):
    copy = shutil.copytree(folders["siglip2"], tmp_path / "copy")
    config = json.loads((copy / "tokenizer_config.json").read_text())
    del config["padding_side"]
    (copy / "tokenizer_config.json").write_text(json.dumps(config))
    np.testing.assert_array_equal(load(copy).text_features(TEXTS), load(folders["siglip2"]).text_features(TEXTS))


def change_tensors(change):
    def damage(folder):
        from safetensors.torch import load_file, save_file

        path = next(folder.glob("*.safetensors"))
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path, metadata={"format": "pt"})
    return damage


def change_config(file, **values):
    def damage(folder):
        config = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps(config | values))
    return damage


@pytest.mark.parametrize("name, damage, key", [
    ("siglip", change_tensors(lambda t: t.pop("logit_bias")), "checkpoint_broken"),
    ("siglip", change_tensors(lambda t: t.pop("visual.trunk.attn_pool.latent")), "checkpoint_broken"),
    ("siglip", lambda f: (f / "tokenizer.json").unlink(), "checkpoint_broken"),
    ("siglip2", lambda f: (f / "tokenizer.json").unlink(), "checkpoint_broken"),
    ("chinese_clip", change_tensors(lambda t: t.pop("text_projection.weight")), "checkpoint_broken"),
    ("chinese_clip", change_tensors(lambda t: t.update(more=t["logit_scale"].clone())), "checkpoint_broken"),
    ("chinese_clip", lambda f: (f / "vocab.txt").unlink(), "checkpoint_broken"),
    ("chinese_clip", lambda f: (f / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"), "checkpoint_broken"),
    ("chinese_clip", lambda f: (f / "preprocessor_config.json").unlink(), "checkpoint_broken"),
    ("chinese_clip", change_config("preprocessor_config.json", size={"height": 192, "width": 192}), "checkpoint_broken"),
    ("chinese_clip", change_config("config.json", projection_dim=256), "checkpoint_broken"),
    ("chinese_clip", change_config("config.json", model_type="bert"), "checkpoint_unsupported"),
    ("chinese_clip", change_config("config.json", auto_map={"AutoModel": "x.Y"}), "checkpoint_remote_code"),
    ("chinese_clip", lambda f: (f / "model.safetensors").rename(f / "other.safetensors"), "checkpoint_unsupported"),
    ("chinese_clip", lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "checkpoint_pickle_only"),
    ("chinese_clip", lambda f: (f / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0garbage!"), "checkpoint_broken"),
])
def test_a_damaged_folder_is_refused(name, damage, key, folders, tmp_path):
    copy = shutil.copytree(folders[name], tmp_path / "copy")
    damage(copy)
    assert refusal(copy) == key


def test_a_pickle_beside_chinese_clips_tensors_is_never_opened(folders, tmp_path, monkeypatch):
    import torch

    copy = shutil.copytree(folders["chinese_clip"], tmp_path / "copy")
    (copy / "pytorch_model.bin").write_bytes(b"a pickle")
    monkeypatch.setattr(torch, "load", lambda *a, **k: pytest.fail("a pickle was opened"))
    load(copy)


@pytest.mark.parametrize("checkpoint, name", [(SIGLIP, "siglip"), (CHINESE_CLIP, "chinese_clip")])
def test_from_the_hub_only_what_is_needed_arrives(checkpoint, name, folders, hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    copy = shutil.copytree(folders[name], tmp_path / "published")
    for extra in ("README.md", "pytorch_model.bin", "open_clip_pytorch_model.bin", "clip_cn_vit-b-16.pt", "festival.jpg"):
        (copy / extra).write_bytes(b"not for us")
    published = replace(checkpoint, revision=hub.add(checkpoint.repo, copy))
    assert status(published).kind == "download"
    with open_clip_model(published) as model:
        features = model.text_features(["a"])
    assert {file.rpartition("@@")[2] for file in hub.downloaded()} == {path.name for path in folders[name].iterdir()}
    assert status(published).kind == "cached"
    np.testing.assert_array_equal(features, load(folders[name]).text_features(["a"]))


def test_every_checkpoint_says_what_it_costs():
    for checkpoint in CLIPS[1:]:
        # Weights in float32: four bytes a parameter to download, and in memory some more.
        assert checkpoint.megabytes == pytest.approx(4 * checkpoint.parameters, rel=0.03)
        assert checkpoint.gigabytes * 1000 > 4 * checkpoint.parameters
        assert checkpoint.revision is None or len(checkpoint.revision) == 40
        assert not any(pattern.endswith((".bin", ".pt", ".py", "*")) for pattern in checkpoint.files)
    assert [c.languages for c in (VIT_L_14, SIGLIP, SIGLIP_2, CHINESE_CLIP)] == [("en",), ("en",), ("en", "zh"), ("zh",)]
