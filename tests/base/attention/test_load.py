"""Opening: what each folder is taken for, and what is said of one that cannot be shown."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from demos.base.attention.capture import Watch
from demos.base.attention.checkpoints import CAUSAL, KIND_OF, KINDS, MASKED, POCKETS, TRANSLATION, VISION, attention_model_of
from demos.base.attention.load import kind_of, open_attention_model
from demos.base.errors import UserError
from demos.base.loader import LOADER
from demos.base.spec import Checkpoint
from tests.tiny_attention import MARKS, folder_checkpoint, load_tiny, tiny_checkpoint, tiny_model, write_folder

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "max_position_embeddings": 64}
PATCHES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "image_size": 16, "patch_size": 4}


def build(name: str, **settings: object):
    """One of transformers' classes with fresh weights, by its name and settings."""
    import transformers

    stem = name.removesuffix("ForCausalLM").removesuffix("ForMaskedLM").removesuffix("LMHeadModel").removesuffix("ForImageClassification")
    return getattr(transformers, name)(getattr(transformers, stem.removesuffix("Model") + "Config")(**settings)).eval()


def said_of(checkpoint: Checkpoint) -> str:
    """The key of the error that opening raises."""
    with pytest.raises(UserError) as error:
        load_tiny(checkpoint)
    assert error.value.values.get("name") or error.value.key == "weights_altered"
    return error.value.key


# -- what each is taken for --------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_a_pocket_model_is_what_its_configuration_says(kind):
    folder = tiny_checkpoint(kind).folder
    path = folder / "config.json"
    assert kind_of(folder, json.loads(path.read_text()) if path.exists() else {}) == kind == tiny_model(kind).kind
    assert KIND_OF[POCKETS[kind].id] == kind


@pytest.mark.parametrize(("config", "kind"), [
    ({"architectures": ["GPT2LMHeadModel"]}, CAUSAL), ({"architectures": ["Qwen3ForCausalLM"]}, CAUSAL),
    ({"architectures": ["BertForMaskedLM"]}, MASKED), ({"architectures": ["BertForPreTraining"]}, MASKED),
    ({"architectures": ["MarianMTModel"], "is_encoder_decoder": True}, TRANSLATION),
    ({"architectures": ["T5GemmaForConditionalGeneration"], "is_encoder_decoder": True}, TRANSLATION),
    ({"architectures": ["T5ForConditionalGeneration"], "is_encoder_decoder": True}, None),
    ({"architectures": ["ViTForImageClassification"], "patch_size": 16}, VISION), ({"architectures": ["ViTModel"], "patch_size": 8}, VISION),
    ({"architectures": ["ResNetForImageClassification"]}, None), ({"architectures": ["BertModel"]}, None), ({}, None),
    ({"architectures": []}, None), ({"architectures": "GPT2LMHeadModel"}, None), ({"architectures": [3]}, None)])
def test_kinds_are_told_by_the_architecture(config, kind, tmp_path):
    assert kind_of(tmp_path, config) == kind


@pytest.mark.parametrize(("name", "labels"), [("ViTForImageClassification", 3), ("ViTModel", 0), ("Dinov2ForImageClassification", 0)])
def test_a_vision_transformer_of_transformers_own(name, labels, tmp_path):
    """Patches and a class token; labels only where the class token alone gives them."""
    from transformers import ViTImageProcessor

    torch.manual_seed(0)
    network = build(name, **PATCHES, **({"num_labels": 3} if "Classification" in name else {}))
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(tmp_path)
    model = load_tiny(folder_checkpoint(write_folder(tmp_path, network)))
    assert model.kind == VISION and model.grid == (4, 4) and model.limit == 17 and len(model.labels) == labels
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8))
    reading, watch = model.read_picture(picture), Watch(model.sites)
    eager = type(network).from_pretrained(tmp_path, attn_implementation="eager")
    with torch.inference_mode():
        states = model.states(reading, watch).last_hidden_state
        expected = eager(pixel_values=reading.pixels, output_attentions=True)
        assert all(torch.allclose(watch.maps["self", n], p, atol=1e-5) for n, p in enumerate(expected.attentions))
        if labels:
            assert torch.allclose(model.network.classifier(states[:, 0]), expected.logits, atol=1e-5)
    assert model.processor.undo(reading.pixels[0]).shape == (16, 16, 3)


# -- the size of a picture ---------------------------------------------------------------------------
def dinov2(folder: Path, side: int, **settings: object) -> Checkpoint:
    """A DINOv2 trained on 8 x 8 patches whose processor gives pictures of `side` pixels, as its own settings say."""
    from transformers import BitImageProcessor

    torch.manual_seed(0)
    BitImageProcessor(size={"shortest_edge": side + 4}, crop_size={"height": side, "width": side}, **settings).save_pretrained(folder)
    return folder_checkpoint(write_folder(folder, build("Dinov2Model", **PATCHES | {"image_size": 32})))


@pytest.mark.parametrize(("side", "grid"), [(16, 4), (32, 8)])
def test_the_patches_are_those_that_the_processor_gives(side, grid, tmp_path):
    """DINOv2 was trained on 518 pixels a side, and its processor gives 224."""
    model = load_tiny(dinov2(tmp_path, side))
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 90, 3), np.uint8))
    reading, watch = model.read_picture(picture), Watch(model.sites)
    with torch.inference_mode():
        model.states(reading, watch)
    assert (model.side, model.grid, model.limit) == ((side, side), (grid, grid), 1 + grid**2) and reading.pixels.shape[2:] == (side, side)
    assert all(p.shape[2:] == (model.limit, model.limit) for p in watch.maps.values())


def test_pictures_without_one_size_are_refused(tmp_path):
    assert said_of(dinov2(tmp_path, 16, do_center_crop=False)) == "checkpoint_unsupported"


def test_a_size_that_the_network_cannot_read_is_refused(tmp_path):
    from transformers import ViTImageProcessor

    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    assert said_of(folder_checkpoint(write_folder(tmp_path, build("ViTModel", **PATCHES)))) == "checkpoint_unsupported"


# -- what cannot be shown ----------------------------------------------------------------------------
# A folder that opens, and what is said of it.
REFUSED: dict[str, tuple[Callable, str]] = {
    "no attention at all": (lambda: build("MambaForCausalLM", hidden_size=32, num_hidden_layers=2, **MARKS), "attention_unavailable"),
    "mixing by Fourier transform": (lambda: build(
        "FNetForMaskedLM", hidden_size=32, num_hidden_layers=2, intermediate_size=64, max_position_embeddings=64, **MARKS), "attention_unavailable"),
    "attention of its own": (lambda: build("BloomForCausalLM", hidden_size=32, n_layer=2, n_head=4, **MARKS), "attention_unavailable"),
    "a list of attentions of its own": (lambda: build(
        "GPTJForCausalLM", n_embd=32, n_layer=2, n_head=4, n_positions=64, rotary_dim=8, **MARKS), "attention_unavailable"),
    "bounded scores": (lambda: build("Gemma2ForCausalLM", num_key_value_heads=2, head_dim=8, **SMALL, **MARKS), "attention_unavailable"),
    "one layer for all": (lambda: build("AlbertForMaskedLM", embedding_size=32, **SMALL, **MARKS), "attention_unavailable"),
    "another head": (lambda: build("ElectraForMaskedLM", embedding_size=32, **SMALL, **MARKS), "checkpoint_unsupported"),
    "scaled logits": (lambda: build("GraniteForCausalLM", num_key_value_heads=2, logits_scaling=8.0, **SMALL, **MARKS), "checkpoint_unsupported"),
    "looks ahead": (lambda: build("BertLMHeadModel", **SMALL, **MARKS), "checkpoint_unsupported"),
    "no head": (lambda: build("BertModel", **SMALL, **MARKS), "checkpoint_unsupported"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_shown_is_said(name, tmp_path):
    torch.manual_seed(0)
    make, key = REFUSED[name]
    assert said_of(folder_checkpoint(write_folder(tmp_path / "tiny", make()))) == key


def test_a_picture_with_more_than_patches_is_refused(tmp_path):
    """DeiT's second token would shift every patch by one."""
    from transformers import ViTImageProcessor

    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(tmp_path)
    assert said_of(folder_checkpoint(write_folder(tmp_path, build("DeiTForImageClassification", **PATCHES)))) == "checkpoint_unsupported"


def settings(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return change


def without(*names: str) -> Callable[[Path], None]:
    return lambda folder: [(folder / name).unlink() for name in names] and None


def cut_in_half(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


# What went wrong with a folder -> what is said of it as a pocket model, and as a folder that a visitor typed.
DAMAGED = {
    "a configuration that is none": (lambda folder: (folder / "config.json").write_text("{"), "checkpoint_unsupported", "checkpoint_broken"),
    "a list for a configuration": (lambda folder: (folder / "config.json").write_text("[]"), "checkpoint_unsupported", "checkpoint_unsupported"),
    "heads that do not divide": (settings(num_attention_heads=3), "checkpoint_broken", "checkpoint_broken"),
    "no heads": (settings(num_attention_heads=0), "checkpoint_broken", "checkpoint_broken"),
    "a width that is no number": (settings(hidden_size="x"), "checkpoint_broken", "checkpoint_broken"),
    "more layers than weights": (settings(num_hidden_layers=3), "checkpoint_broken", "checkpoint_broken"),
    "another vocabulary": (settings(vocab_size=10), "checkpoint_broken", "checkpoint_broken"),
    "fewer than no places": (settings(max_position_embeddings=-5), "checkpoint_broken", "checkpoint_broken"),
    "half the weights": (cut_in_half, "weights_altered", "checkpoint_broken"),
    "no weights": (without("model.safetensors"), "weights_missing", "folder_not_a_model"),
    "text files only": (without("model.safetensors", "config.json", "SHA256SUMS"), "weights_missing", "folder_not_a_model"),
    "no tokenizer": (without("tokenizer.json", "tokenizer_config.json"), "checkpoint_broken", "checkpoint_broken"),
    "half a tokenizer": (without("tokenizer.json"), "checkpoint_broken", "checkpoint_broken"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_folder_is_said(name, tmp_path):
    damage, pocket, typed = DAMAGED[name]
    folder = shutil.copytree(tiny_checkpoint(MASKED).folder, tmp_path / "copy")
    damage(folder)
    assert said_of(folder_checkpoint(folder)) == pocket
    assert said_of(attention_model_of(str(folder))) == typed


def test_a_masked_model_needs_a_mark_for_gaps(tmp_path):
    folder = shutil.copytree(tiny_checkpoint(MASKED).folder, tmp_path / "copy")
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "mask_token"}))
    assert said_of(folder_checkpoint(folder)) == "checkpoint_broken"


def test_a_folder_that_a_visitor_typed_opens(tmp_path):
    folder = shutil.copytree(tiny_checkpoint(CAUSAL).folder, tmp_path / "copy")
    with open_attention_model(attention_model_of(str(folder))) as model:
        assert model.kind == CAUSAL
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | {"auto_map": {"AutoModel": "x.Y"}}))
    assert said_of(attention_model_of(str(folder))) == "checkpoint_remote_code"


def test_a_model_is_built_once_and_shared():
    checkpoint = tiny_checkpoint(CAUSAL)
    with open_attention_model(checkpoint) as first, open_attention_model(checkpoint) as second:
        assert first is second
    assert any(checkpoint.revision in key for key in LOADER.loaded())
    with open_attention_model(replace(checkpoint, revision="another")) as third:
        assert third is not first


def test_memory_that_runs_out_is_said_as_that(monkeypatch):
    from demos.base.attention import load

    def refuse(*_: object):
        raise MemoryError

    monkeypatch.setattr(load, "_read", refuse)
    with pytest.raises(UserError) as error, open_attention_model(replace(tiny_checkpoint(CAUSAL), revision="too large")):
        pass
    assert error.value.key == "out_of_memory"
