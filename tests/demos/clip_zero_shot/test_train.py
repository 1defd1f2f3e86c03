"""The recipe on a dozen drawings made here: two steps a stage, every file written."""

import json

import numpy as np
import pytest
import torch

from demos.clip_zero_shot import train
from demos.base.emoji.batches import PictureSource
from demos.base.emoji.captions import Captioner, pluralise, read_templates
from demos.base.emoji.table import STYLES, read_rows
from demos.base.emoji.bank import read_bank
from demos.clip_zero_shot.fit import contrast, spread
from demos.clip_zero_shot.towers import build_clip, encode_pictures, encode_texts
from tests.emoji_data import NAMES, write_emoji_data

@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_emoji_data(tmp_path_factory.mktemp("data"))


def test_two_steps_write_every_file(data, tmp_path):
    out, work = tmp_path / "out", tmp_path / "work"
    train.main(["--data", str(data), "--out", str(out), "--work", str(work), "--steps", "2", "--batch", "24",
                "--text-steps", "1"])
    for name in ("pocket/open_clip_config.json", "pocket/open_clip_model.safetensors", "pocket/tokenizer.json",
                 "gallery.json", "gallery.safetensors", "golden.safetensors", "metrics.json", "recipe.json", "README.md"):
        assert (out / name).stat().st_size > 0, name
    metrics = json.loads((out / "metrics.json").read_text())
    assert set(metrics["zero_shot"]) == {"shipped_seen", "unseen_twemoji", "unseen_fluent3d", "unseen_fluentflat"}
    assert metrics["zero_shot"]["unseen_twemoji"]["zh"]["single"]["n"] == len(NAMES) - 1
    assert metrics["zero_shot"]["unseen_fluent3d"]["en"]["ensemble"]["n"] == len(NAMES) - 1
    stages = json.loads((out / "recipe.json").read_text())["stages"]
    assert stages["twemoji"]["steps"] == 2
    assert "twemoji" not in stages["twemoji"]["styles"] and "twemoji" not in stages["trunk"]["styles"]
    assert stages["fluent"]["styles"] == ["noto", "twemoji"]


def test_a_stage_resumes_where_it_stopped(data, tmp_path):
    arguments = ["--data", str(data), "--out", str(tmp_path), "--work", str(tmp_path), "--batch", "24", "--holdout",
                 "twemoji", "--text-steps", "1", "--steps"]
    train.main([*arguments, "1"])
    before = torch.load(tmp_path / "twemoji.pt")
    train.main([*arguments, "3"])
    after = torch.load(tmp_path / "twemoji.pt")
    assert (before["step"], after["step"]) == (1, 3)
    name = "clip.visual.proj"
    assert not torch.equal(before["module"][name], after["module"][name])


def test_pictures_and_scenes_are_in_range(data):
    rows = read_rows(data)
    source = PictureSource(read_bank(data, rows, STYLES))
    torch.manual_seed(0)
    labels, styles, pictures = source.singles(64)
    assert pictures.shape == (64, 3, 64, 64) and pictures.min() >= -1 and pictures.max() <= 1
    assert not ((labels == 0) & (styles == STYLES.index("fluent3d"))).any(), "drew a picture the style does not have"
    scenes, kinds, counts = source.scenes(32)
    assert scenes.shape == (32, 3, 64, 64) and torch.isfinite(scenes).all()
    assert all(len(set(kind)) == len(kind) == len(count) for kind, count in zip(kinds, counts))


def test_captions_say_what_is_there(data):
    import random

    rows = read_rows(data)
    captioner = Captioner(rows, random.Random(0))
    assert captioner.scene((0, 1), (2, 1), "en", shuffle=False) == "two cats and a dog"
    assert captioner.scene((3,), (1,), "en") == "a red apple"
    assert pluralise("face with hat") == "faces with hat" and pluralise("cherry") == "cherries"
    for _ in range(200):
        kinds, counts = (0, 1), (2, 1)
        wrong = captioner.wrong_scenes(kinds, counts, np.arange(len(rows)))
        right = sorted(zip(kinds, counts))
        assert len(wrong) == 3 and all(sorted(zip(*scene)) != right for scene in wrong)
    text, meant = captioner.caption(0, "noto")
    assert 0 in meant and text
    assert all(template.count("{}") == 1 for templates in read_templates().values() for template in templates)


def test_fast_towers_equal_open_clip():
    torch.manual_seed(0)
    clip = build_clip().eval()
    pictures, ids = torch.randn(2, 3, 64, 64), torch.tensor([[1, 40, 50, 3, 0], [1, 70, 3, 0, 0]])
    full = torch.zeros(2, clip.context_length, dtype=torch.int64)
    full[:, :5] = ids
    with torch.no_grad():
        torch.testing.assert_close(encode_pictures(clip.visual, pictures, torch.float32), clip.encode_image(pictures),
                                   rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(encode_texts(clip, ids, torch.float32), clip.encode_text(full), rtol=1e-4, atol=1e-5)


def test_early_heads_look_at_their_neighbour():
    visual = build_clip().visual.eval()
    attn, code = visual.transformer.resblocks[0].attn, visual.positional_embedding[1:]
    query, key = code @ attn.in_proj_weight[:32].T, code @ attn.in_proj_weight[192:224].T
    best = (query @ key.T).argmax(1)
    inside = [index for index in range(64) if index % 8 < 7]
    assert all(int(best[index]) == index + 1 for index in inside)


def test_contrast_shares_between_equally_true_captions():
    matches = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert contrast(20 * matches, matches) < contrast(20 * torch.eye(3), matches)
    assert spread([[0, 2]], 3).tolist() == [[0.5, 0.0, 0.5]]


def test_a_caption_that_is_true_of_no_picture_is_left_out():
    matches = torch.eye(3)
    matches[1, 1] = 0
    scores = (20 * torch.eye(3)).requires_grad_()
    loss = contrast(scores, matches)
    loss.backward()
    assert loss.item() == pytest.approx(2 / 3 * contrast(20 * torch.eye(3), torch.eye(3)).item(), abs=1e-6)
    assert scores.grad.isfinite().all()
