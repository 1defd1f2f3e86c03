"""The recipe on a dozen drawings made here: two steps a stage, every file written; its pictures and prompts."""

import json
import random

import numpy as np
import pytest
import torch

from demos.base.emoji import judge, pictures
from demos.base.emoji.bank import read_bank
from demos.base.emoji.captions import Captioner
from demos.base.emoji.table import STYLES, read_rows
from demos.ddpm_vs_ddim import train
from tests.emoji_data import NAMES, write_emoji_data


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_emoji_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def bank(data):
    return read_bank(data, read_rows(data), STYLES)


def test_two_steps_write_every_file(data, tmp_path):
    out, work = tmp_path / "out", tmp_path / "work"
    arguments = ["--data", str(data), "--out", str(out), "--work", str(work), "--steps", "2", "--autoencoder-steps", "2",
                 "--batch", "8", "--scenes", "6", "--no-compile"]
    train.main(arguments)
    for name in ("pocket/model_index.json", "pocket/preview.json", "pocket/SHA256SUMS", "pocket/tokenizer/tokenizer.json",
                 "pocket/text_encoder/model.safetensors", "pocket/vae/diffusion_pytorch_model.safetensors",
                 "pocket/unet/diffusion_pytorch_model.safetensors.index.json", "golden.safetensors", "recipe.json", "README.md"):
        assert (out / name).stat().st_size > 0, name
    recipe = json.loads((out / "recipe.json").read_text())
    assert recipe["stages"]["denoiser"]["steps"] == recipe["stages"]["autoencoder"]["steps"] == 2
    assert "Not measured yet" in (out / "README.md").read_text()
    assert all(path.stat().st_size < 10e6 for path in out.rglob("*"))
    plain_load_samples_in_float32(out / "pocket")


def plain_load_samples_in_float32(folder):
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(folder)
    assert {pipe.unet.dtype, pipe.vae.dtype, pipe.text_encoder.dtype} == {torch.float32}
    assert pipe("a cat", num_inference_steps=2).images[0].size == (64, 64)


def test_held_out_combinations_are_never_drawn(bank):
    shown = pictures.plain(bank)
    held = pictures.plain(bank, held_out=True)
    assert len(shown.rows) + len(held.rows) == int(bank.has.sum())
    assert not set(zip(shown.rows, shown.styles)) & set(zip(held.rows, held.styles))
    assert "noto" not in held.styles
    drawn = pictures.coloured(bank)
    for (row,), colour in zip(drawn.rows, drawn.colours):
        assert not pictures.is_held_out(pictures.HELD_OUT_COLOURS, pictures.read_colours()[colour]["en"], row)


def test_recolouring_turns_the_main_hue_and_nothing_else():
    picture = np.zeros((4, 8, 8), np.uint8)
    picture[:, 2:7, 2:7] = np.array([200, 40, 40, 255], np.uint8)[:, None, None]      # a red square
    picture[:, 2, 2] = 255                                                        # with a white corner
    blue = pictures.recolour(picture, 240)
    assert blue[2, 4, 4] > 150 > 60 > blue[0, 4, 4]
    assert (blue[:, 2, 2] == 255).all() and (blue[3] == picture[3]).all() and (blue[:, 0, 0] == 0).all()
    assert (blue[:3].astype(int) <= blue[3].astype(int)).all()
    grey = picture.copy()
    grey[:3] = grey[:3].max(0)
    assert pictures.recolour(grey, 240) is None


def test_scenes_hold_two_things_side_by_side(bank):
    drawn = pictures.scenes(bank, 12, seed=1)
    assert all(len(set(pair)) == 2 for pair in drawn.rows)
    ink = (drawn.pictures < 250).any(1)
    assert ink[:, :, :32].any((1, 2)).all() and ink[:, :, 32:].any((1, 2)).all()


def test_prompts_name_what_is_drawn(data):
    rows = read_rows(data)
    prompts = pictures.Prompts(Captioner(rows, random.Random(0)))
    number = NAMES.index("cat")
    written = {prompts.write((number,), "noto", -1) for _ in range(200)}
    assert any("cat" in text.lower() for text in written) and len(written) > 20
    blue = [colour["en"] for colour in pictures.read_colours()].index("blue")
    coloured = [prompts.write((number,), "fluent3d", blue) for _ in range(100)]
    words = pictures.read_colours()[blue]
    assert all("blue" in text.lower() or words["zh"] in text for text in coloured)


def test_the_judges_statistics():
    rng = np.random.default_rng(0)
    same, other = (rng.normal(size=(200, 16)) for _ in range(2))
    unit = [values / np.linalg.norm(values, axis=1, keepdims=True) for values in (same, other, same + 2)]
    assert abs(judge.kernel_distance(unit[0], unit[1])) < 0.2 * judge.kernel_distance(unit[0], unit[2])
    assert judge.diversity(np.repeat(unit[0][:1], 5, 0)) == pytest.approx(0, abs=1e-9)
    assert judge.diversity(unit[0]) == pytest.approx(1, abs=0.05)
    right = np.array([1.0] * 60 + [0.0] * 40)
    low, high = judge.interval(right)
    assert low < 0.6 < high and high - low == pytest.approx(0.19, abs=0.04)
    mean, low, high = judge.paired_interval(right, right)
    assert mean == low == high == 0
