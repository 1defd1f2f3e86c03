import json
import shutil

import numpy as np
import pytest
from PIL import Image

from demos.base.checkpoints import find_checkpoint, write_checksums
from demos.base.clip import load as load_module
from demos.base.clip import model as model_module
from demos.base.clip.load import clip_entry, load_clip, open_clip_model
from demos.base.devices import pick_device
from demos.base.errors import UserError
from demos.base.loader import LOADER, Loader, measure
from demos.base.spec import Checkpoint
from tests.tiny_clip import CONTEXT, EMBED, SIZE, write_tiny_clip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_clip(tmp_path_factory.mktemp("tiny"), half=True)


@pytest.fixture
def tiny(folder):
    return make_checkpoint(folder)


@pytest.fixture(scope="module")
def model(folder):
    return load_clip(make_checkpoint(folder), pick_device())


@pytest.fixture(autouse=True)
def empty_loader():
    yield
    LOADER.free_unused()


def make_checkpoint(folder):
    return Checkpoint(id="tiny", name="Tiny", licence="Apache-2.0", parameters=0.07, folder=folder)


def pictures(n=3):
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, (40 + i, 60, 3), np.uint8)) for i in range(n)]


def reference(folder, images, texts):
    """Features by open_clip alone, called as its documentation says."""
    import open_clip
    import torch

    network, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    with torch.no_grad():
        network.eval()
        image = network.encode_image(torch.stack([preprocess(i) for i in images]), normalize=True)
        return image.numpy(), network.encode_text(tokenizer(texts), normalize=True).numpy()


def refusal(checkpoint):
    with pytest.raises(UserError) as caught:
        load_clip(checkpoint, pick_device())
    return caught.value.key


def test_features_are_open_clips(model, folder):
    texts = ["a cat", "A  Cat", "\u732b", "x" * 30]
    image, text = reference(folder, pictures(), texts)
    np.testing.assert_allclose(model.image_features(pictures()), image, atol=1e-6)
    np.testing.assert_allclose(model.text_features(texts), text, atol=1e-6)


def test_features_are_float32_of_unit_length(model):
    for features in (model.image_features(pictures()), model.text_features(["a", "b"])):
        assert features.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)


def test_the_model_says_what_it_is(model, folder):
    assert (model.image_size, model.context_length, model.embed_dim) == (SIZE, CONTEXT, EMBED)
    assert model.parameters == 68065
    assert model.nbytes == measure(model._network) >= 4 * model.parameters
    assert model.logit_scale == pytest.approx(1 / 0.07, rel=1e-3)
    assert model.logit_bias is None


def test_siglip_has_a_bias(tmp_path):
    folder = write_tiny_clip(tmp_path / "siglip", siglip=True)
    assert load_clip(make_checkpoint(folder), pick_device()).logit_bias == -10


def test_batches_do_not_change_features(model, monkeypatch):
    many, texts = pictures(5), [f"text {i}" for i in range(7)]
    images = model.image_features(many)
    monkeypatch.setattr(model_module, "IMAGE_BATCH", 2)
    monkeypatch.setattr(model_module, "TEXT_BATCH", 3)
    np.testing.assert_allclose(model.image_features(many), images, atol=1e-6)
    one_by_one = np.concatenate([model._encode_texts([text]) for text in texts])
    np.testing.assert_allclose(model.text_features(texts), one_by_one, atol=1e-6)


def test_batches_are_bounded(model, monkeypatch):
    sizes = []
    encode = model._encode_texts
    monkeypatch.setattr(model, "_encode_texts", lambda texts: sizes.append(len(texts)) or encode(texts))
    model.text_features([f"bounded {i}" for i in range(150)])
    assert sizes == [64, 64, 22]


def test_nothing_in_gives_nothing_out(model):
    assert model.image_features([]).shape == (0, EMBED)
    assert model.text_features([]).shape == (0, EMBED)


def test_a_text_is_encoded_once(model, monkeypatch):
    first = model.text_features(["once", "twice", "once"])
    np.testing.assert_array_equal(first[0], first[2])
    encoded = []
    encode = model._encode_texts
    monkeypatch.setattr(model, "_encode_texts", lambda texts: encoded.extend(texts) or encode(texts))
    np.testing.assert_array_equal(model.text_features(["twice", "new", "once"])[[2, 0]], first[:2])
    assert encoded == ["new"]


def test_remembered_texts_are_bounded(model, monkeypatch):
    monkeypatch.setattr(model_module, "CACHED_TEXTS", 4)
    features = model.text_features([str(i) for i in range(9)])
    assert features.shape == (9, EMBED)
    assert list(model._texts) == ["5", "6", "7", "8"]


def test_truncation_is_noticed_at_the_last_token(model):
    # Two of the context's tokens are the begin and end marks; a byte is a token here.
    fits, cut = "x" * (CONTEXT - 2), "x" * (CONTEXT - 1)
    assert model.truncated([fits, cut, "", "\u732b" * 4, "\u732b" * 5]) == [False, True, False, False, True]
    np.testing.assert_array_equal(*model.text_features(["x" * 400, "x" * 500]))


def test_a_huge_text_is_cut_before_it_is_tokenized(model, monkeypatch):
    lengths = []
    encode = type(model._tokenizer).__call__
    monkeypatch.setattr(type(model._tokenizer), "__call__",
                        lambda self, texts: lengths.extend(map(len, texts)) or encode(self, texts))
    assert model.truncated(["x" * 10_000_000]) == [True]
    model.text_features(["x" * 10_000_000])
    assert lengths == [16 * CONTEXT]


def test_white_space_does_not_use_up_the_allowance(model):
    spaced = "a" + " " * 5000 + "b"
    assert model.truncated([spaced]) == [False]
    np.testing.assert_allclose(model.text_features([spaced]), model.text_features(["a b"]), atol=1e-6)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_pictures_of_other_modes_are_converted(mode, model):
    assert np.isfinite(model.image_features([pictures(1)[0].convert(mode)])).all()


def test_opening_twice_lends_the_same_model(tiny):
    with open_clip_model(tiny) as first, open_clip_model(tiny) as second:
        assert first is second
        assert first.nbytes in LOADER.loaded().values()


def test_a_preloaded_model_is_the_one_that_is_lent(tiny, monkeypatch):
    loader = Loader(budget=10**9, eager=True)
    monkeypatch.setattr(load_module, "LOADER", loader)
    loader.preload([clip_entry(tiny)])
    monkeypatch.setattr(load_module, "load_clip", lambda *a: pytest.fail("built again"))
    with open_clip_model(tiny) as lent:
        assert [lent.nbytes] == list(loader.loaded().values())


def test_the_weights_are_checked_before_loading(tmp_path, folder):
    copy = shutil.copytree(folder, tmp_path / "copy")
    with (copy / "open_clip_model.safetensors").open("ab") as stream:
        stream.write(b"x")
    assert refusal(make_checkpoint(copy)) == "weights_altered"


def change(folder, **model_cfg):
    config = json.loads((folder / "open_clip_config.json").read_text())
    for key, value in model_cfg.items():
        config["model_cfg"][key] |= value
    (folder / "open_clip_config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("damage, key", [
    (lambda f: (f / "open_clip_config.json").unlink(), "checkpoint_unsupported"),
    (lambda f: (f / "open_clip_config.json").write_text("[]"), "checkpoint_unsupported"),
    (lambda f: change(f, text_cfg={"hf_model_name": "someone/text"}), "checkpoint_unsupported"),
    (lambda f: change(f, vision_cfg={"timm_model_name": "hf-hub:someone/vision"}), "checkpoint_unsupported"),
    (lambda f: change(f, vision_cfg={"timm_model_name": "no_such_network"}), "checkpoint_broken"),
    (lambda f: change(f, vision_cfg={"layers": 3}), "checkpoint_broken"),
    (lambda f: change(f, vision_cfg={"colour": "red"}), "checkpoint_broken"),
    (lambda f: change(f, text_cfg={"width": "wide"}), "checkpoint_broken"),
    (lambda f: (f / "tokenizer.json").unlink(), "checkpoint_broken"),
    (lambda f: (f / "tokenizer.json").write_text("{}"), "checkpoint_broken"),
    (lambda f: (f / "open_clip_model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0garbage!"), "checkpoint_broken"),
])
def test_a_folder_that_is_no_clip_is_refused(damage, key, tmp_path, folder):
    copy = shutil.copytree(folder, tmp_path / "copy")
    damage(copy)
    write_checksums(copy)
    assert refusal(make_checkpoint(copy)) == key


@pytest.mark.parametrize("name", ["open_clip_model.safetensors", "model.safetensors", "other.safetensors"])
def test_a_pickle_beside_the_tensors_is_never_opened(name, tmp_path, monkeypatch):
    import torch

    write_tiny_clip(tmp_path / "m", name=name)
    (tmp_path / "m" / "open_clip_pytorch_model.bin").write_bytes(b"a pickle")
    monkeypatch.setattr(torch, "load", lambda *a, **k: pytest.fail("a pickle was opened"))
    checkpoint = make_checkpoint(tmp_path / "m")
    if name == "open_clip_model.safetensors":
        load_clip(checkpoint, pick_device())
    else:  # open_clip would prefer the pickle
        assert refusal(checkpoint) == "checkpoint_pickle_first"


def test_no_weight_is_left_unloaded(tmp_path, folder):
    from safetensors.torch import load_file, save_file

    copy = shutil.copytree(folder, tmp_path / "copy")
    tensors = load_file(copy / "open_clip_model.safetensors")
    del tensors["visual.ln_pre.weight"]
    save_file(tensors, copy / "open_clip_model.safetensors")
    write_checksums(copy)
    assert refusal(make_checkpoint(copy)) == "checkpoint_broken"


def test_the_same_model_from_a_folder_and_from_the_hub(hub, folder, model):
    commit = hub.add("owner/tiny", folder)
    listed = Checkpoint(id="hub", name="Tiny", licence="", parameters=0, repo="owner/tiny", revision=commit)
    typed = find_checkpoint(str(folder), [], allow_any=True)
    for checkpoint in (listed, typed):
        with open_clip_model(checkpoint) as other:
            np.testing.assert_array_equal(other.image_features(pictures()), model.image_features(pictures()))
            np.testing.assert_array_equal(other.text_features(["a"]), model.text_features(["a"]))


@pytest.mark.parametrize("texts", [["a"], ["a", "a longer text of several words", ""], ["x" * 200, "y"]])
def test_leaving_out_the_padding_changes_nothing(tmp_path, texts: list[str]) -> None:
    import open_clip
    import torch

    from demos.base.clip.model import _encode_unpadded

    folder = write_tiny_clip(tmp_path / "tiny")
    network, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(texts)
    with torch.inference_mode():
        padded = network.eval().encode_text(tokens, normalize=True)
        assert torch.allclose(_encode_unpadded(network, tokens), padded, atol=1e-5)


def test_a_tower_that_reads_its_last_position_keeps_the_padding(tmp_path) -> None:
    folder = write_tiny_clip(tmp_path / "tiny")
    change(folder, text_cfg={"pool_type": "last"})
    write_checksums(folder)
    model, texts = load_clip(make_checkpoint(folder), pick_device()), ["a", "a longer text"]
    np.testing.assert_allclose(model.text_features(texts), reference(folder, pictures(1), texts)[1], atol=1e-6)
    np.testing.assert_allclose(model._encode_texts(["a"]), model.text_features(["a"]), atol=1e-6)
