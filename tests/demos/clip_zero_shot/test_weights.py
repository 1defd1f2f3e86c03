"""The shipped weights: they load with nothing else, agree with their golden tensors and their card."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from demos.base.clip import towers
from demos.base.tokenizer import FOLDER as TOKENIZER_FOLDER
from demos.clip_zero_shot import export
from demos.clip_zero_shot.measure import Folder

FOLDER = Path(__file__).resolve().parents[3] / "weights" / "clip_zero_shot"
POCKET = FOLDER / "pocket"


@pytest.fixture(scope="module")
def pocket():
    return Folder(POCKET)


@pytest.fixture(scope="module")
def golden():
    return load_file(FOLDER / "golden.safetensors")


def read(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def test_folder_is_within_its_budget():
    sizes = {path: path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()}
    assert max(sizes.values()) < 10_000_000
    assert sum(sizes.values()) <= 12_000_000


def test_open_clip_loads_in_float32(pocket):
    assert {p.dtype for p in pocket.model.parameters()} == {torch.float32}
    assert all(value.dtype == torch.float16 for value in load_file(POCKET / "open_clip_model.safetensors").values())
    total = sum(p.numel() for p in pocket.model.parameters())
    assert 3e6 <= total <= 6e6 and total == read("metrics.json")["parameters"]


def test_tokenizer_is_the_shared_one_and_keeps_case(pocket):
    assert (POCKET / "tokenizer.json").read_bytes() == (TOKENIZER_FOLDER / "tokenizer.json").read_bytes()
    lower, upper = pocket.tokenizer(["a cat", "a CAT"])
    assert not torch.equal(lower, upper)
    assert pocket.model.text_eos_id != 2 and (lower == pocket.model.text_eos_id).sum() == 1


def test_features_match_the_golden_tensors(pocket, golden):
    pictures, ids = golden["pictures"].float(), golden["text_ids"].long()
    with torch.inference_mode():
        seen = pocket.model.visual.forward_intermediates(pictures, indices=[1], output_fmt="NLC")
        torch.testing.assert_close(seen["image_intermediates"][0], golden["vision_block_1"], rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(pocket.model.encode_image(pictures), golden["image_features"], rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(pocket.model.encode_text(ids), golden["text_features"], rtol=1e-3, atol=1e-3)


def test_transformers_towers_give_equal_features(pocket, golden):
    config, state = towers.read_open_clip(POCKET)
    pictures, ids = golden["pictures"].float(), golden["text_ids"].long()
    with torch.inference_mode():
        image = towers.convert_vision_tower(config, state)(pixel_values=pictures).image_embeds
        text = towers.convert_text_tower(config, state)(input_ids=ids).text_embeds
        torch.testing.assert_close(image, pocket.model.encode_image(pictures), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(text, pocket.model.encode_text(ids), rtol=1e-5, atol=1e-5)


def test_plain_transformers_models_convert_too(pocket, golden):
    config, state = towers.read_open_clip(POCKET)
    pictures, ids = golden["pictures"].float(), golden["text_ids"].long()
    with torch.inference_mode():
        pooled = towers.convert_text_model(config, state)(input_ids=ids).pooler_output
        torch.testing.assert_close(pooled @ state["text_projection"], pocket.model.encode_text(ids), rtol=1e-5, atol=1e-5)
        pooled = towers.convert_vision_model(config, state)(pixel_values=pictures).pooler_output
        torch.testing.assert_close(pooled @ state["visual.proj"], pocket.model.encode_image(pictures), rtol=1e-5, atol=1e-5)


def test_conversion_refuses_what_it_cannot_convert():
    config, _ = towers.read_open_clip(POCKET)
    with pytest.raises(ValueError, match="end mark"):
        towers.text_config({**config, "text_cfg": {**config["text_cfg"], "eos_id": 2}}, 1)
    with pytest.raises(ValueError, match="first norm"):
        towers.vision_config({**config, "vision_cfg": {**config["vision_cfg"], "no_ln_pre": True}})


def test_recipe_holds_the_hash_of_every_file():
    stored = read("recipe.json")["weights_sha256"]
    assert "pocket/open_clip_model.safetensors" in stored and "gallery.safetensors" in stored
    for name, digest in stored.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


def test_twins_never_saw_what_they_are_asked_about():
    stages = read("recipe.json")["stages"]
    for name, hidden in (("twemoji", {"twemoji"}), ("fluent", {"fluent3d", "fluentflat"})):
        stage = stages.get(name)
        while stage:
            assert not hidden & set(stage["styles"]), name
            stage = stages.get(stage["init"])


def test_gallery_lines_up_with_its_features(pocket):
    gallery, features = read("gallery.json"), load_file(FOLDER / "gallery.safetensors")
    assert 1000 <= len(gallery) <= 1100 and {"key", "emoji", "name_en", "name_zh", "group"} == set(gallery[0])
    for name in ("image_features", "text_features_en", "text_features_zh"):
        assert features[name].shape == (len(gallery), pocket.model.visual.output_dim)
        assert features[name].dtype == torch.float16
        np.testing.assert_allclose(features[name].float().norm(dim=1), 1, atol=2e-3)


def test_a_sentence_finds_its_emoji(pocket):
    gallery, images = read("gallery.json"), load_file(FOLDER / "gallery.safetensors")["image_features"].float().numpy()
    wanted = [row for row in gallery if row["name_en"] in ("pizza", "rocket", "frog", "strawberry", "umbrella")]
    for language in ("en", "zh"):
        texts = pocket.read_texts([row[f"name_{language}"] for row in wanted])
        best = (texts @ images.T).argsort(1)[:, -5:]
        found = [gallery.index(row) in hits for row, hits in zip(wanted, best)]
        assert sum(found) >= len(wanted) - 1, (language, found)


def test_metrics_cover_both_twins_and_languages():
    metrics = read("metrics.json")
    for style in ("unseen_twemoji", "unseen_fluent3d", "unseen_fluentflat"):
        for language in ("en", "zh"):
            for kind in ("single", "ensemble"):
                figure = metrics["zero_shot"][style][language][kind]
                assert 0 <= figure["top1"] <= figure["top5"] <= 1 and figure["n"] > 900
    assert {"date", "machine", "minutes"} <= set(metrics["measured"])
    assert 0 <= metrics["out_of_domain"]["auroc"] <= 1 and "threshold" in metrics["out_of_domain"]


def test_card_quotes_the_metrics(tmp_path):
    export.write_card(tmp_path, read("metrics.json"), read("recipe.json")["notes"])
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == (FOLDER / "README.md").read_text(encoding="utf-8")
