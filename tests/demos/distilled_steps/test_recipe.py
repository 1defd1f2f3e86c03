"""The recipe on a dozen drawings made here: the student's start, its rows and loss, two steps of every stage."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import partial

import pytest
import torch
from safetensors.torch import load_file

from demos.base.checkpoints import verify_checksums
from demos.base.devices import Device
from demos.base.diffusion.load import load_diffuser
from demos.base.diffusion.recipe.latents import LatentSource, draw_all
from demos.base.diffusion.run import Column, take_steps
from demos.base.diffusion.samplers import DDIM, LCM, make_sampler
from demos.base.emoji.bank import read_bank
from demos.base.emoji.captions import Captioner
from demos.base.emoji.pictures import STYLE_SHARES, STYLED
from demos.base.emoji.table import STYLES, read_rows
from demos.distilled_steps import choice, export, rows, student, train, trajectories
from demos.distilled_steps.nearest import Nearest, name_of
from demos.distilled_steps.prompts import ToldPrompts
from tests.emoji_data import NAMES, write_emoji_data
from tests.tiny_diffusion import tiny_diffuser, write_tiny_diffusion

CPU = Device("cpu", "", "float32", 0, 0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_emoji_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def teacher():
    return tiny_diffuser()


@pytest.fixture(scope="module")
def prompts(data):
    return ToldPrompts(Captioner(read_rows(data), random.Random(0)))


@pytest.fixture(scope="module")
def source(data, teacher, prompts, tmp_path_factory):
    drawn = draw_all(read_bank(data, read_rows(data), STYLES), 8)
    return LatentSource(drawn, teacher.vae, tmp_path_factory.mktemp("kept") / "latents.pt", prompts, teacher.text_encoder,
                        teacher.tokenizer, 0.0, teacher.vae.config.scaling_factor)


@pytest.fixture
def small(monkeypatch):
    """Two steps of each stage on small batches."""
    monkeypatch.setattr(train, "SETTINGS", {name: replace(settings, steps=2, minutes=0.0) for name, settings in train.SETTINGS.items()})
    monkeypatch.setattr(train, "SIZES", rows.Sizes(2, 8, 4))
    monkeypatch.setattr(train, "WATCH", 1)
    monkeypatch.setattr(rows, "OWN_FROM", 1)
    for name, value in {"PART": 8, "TOGETHER": 8}.items():
        monkeypatch.setattr(trajectories, name, value)
    monkeypatch.setattr(train, "PART", 8)
    monkeypatch.setattr(choice, "TOGETHER", 8)
    monkeypatch.setattr(choice, "SCALES", (1.0, 3.0))


# -- the student -------------------------------------------------------------------------------------
def test_the_student_begins_as_its_teacher_without_the_middle(teacher):
    made = student.build_student(teacher.unet)
    noisy, states = teacher.start(0), teacher.read("a cat").states
    assert made.mid_block is None and made.config.time_cond_proj_dim == student.TOLD
    told = [student.velocity_of(made, noisy, torch.tensor([50]), states, torch.tensor([scale])) for scale in (1.0, 5.0)]
    assert torch.equal(*told)                                              # deaf to the scale so far
    middle, teacher.unet.mid_block = teacher.unet.mid_block, None          # what is left of the teacher, in bfloat16
    try:
        with torch.autocast("cpu", torch.bfloat16):
            left = teacher.unet(noisy, torch.tensor([50]), states).sample.float()
    finally:
        teacher.unet.mid_block = middle
    assert torch.allclose(told[0], left, atol=0.02)
    with pytest.raises(ValueError, match="not a teacher"):
        student.build_student(made)


def test_levels_lead_from_a_sample_to_its_end_and_back(teacher):
    levels = student.Levels.of(teacher.schedule)
    clean, noise = torch.randn(2, 3, 4, 4, 4)
    timesteps = torch.tensor([5, 60, 99])
    noisy = levels.drown(clean, noise, timesteps)
    velocity = levels.velocity(clean, noisy, timesteps)
    signal, spread = levels.at(timesteps)
    assert torch.allclose(velocity, signal * noise - spread * clean, atol=1e-4)
    assert torch.allclose(levels.clean(velocity, noisy, timesteps), clean, atol=1e-5)
    assert torch.allclose(levels.clean(velocity, noisy, timesteps)[1], teacher.schedule.clean(velocity, noisy, 60)[1], atol=1e-5)


@torch.inference_mode()
def test_a_walk_ends_as_the_demos_sampler_does(teacher):
    levels, path = student.Levels.of(teacher.schedule), [99, 50]
    noise, states, fresh = teacher.start(0), teacher.read("a cat").states, torch.randn(1, 4, 4, 4)
    asked, end = student.walk(lambda noisy, timesteps, states, scales: teacher.predict(noisy, timesteps.tolist(), states),
                              levels, path, noise, states, torch.ones(1), lambda: fresh)
    sampler, sample = make_sampler(LCM, teacher.schedule, path), noise
    for place, timestep in enumerate(path):
        sample, _ = sampler.step(place, sample, teacher.predict(sample, [timestep], states), lambda: fresh)
    assert len(asked) == 1 and torch.allclose(end, sample, atol=1e-3)


# -- prompts and rows --------------------------------------------------------------------------------
def test_a_larger_scale_leaves_out_the_word_for_a_style_more_rarely(prompts):
    """The shares of styles among captions without a word are those that guidance of the scale aims at."""
    for scale in (1.0, 3.0):
        prompts.scale = scale
        unsaid = {style: STYLE_SHARES[style] * (1 - prompts.styled(style)) for style in STYLES}
        aimed = {style: STYLE_SHARES[style] * (1 - STYLED[style]) ** scale for style in STYLES}
        for style in STYLES:
            assert unsaid[style] / sum(unsaid.values()) == pytest.approx(aimed[style] / sum(aimed.values()))
    prompts.scale = 1.0
    assert prompts.styled("noto") == pytest.approx(STYLED["noto"]) and prompts.styled("twemoji") == pytest.approx(STYLED["twemoji"])


def test_exact_prompts_mean_one_drawing(prompts):
    cat = NAMES.index("cat")
    assert {prompts.exact((cat,), "noto", -1) for _ in range(30)} == {"cat", chr(0x4E00 + cat)}
    assert all(text not in ("cat", chr(0x4E00 + cat)) for text in (prompts.exact((cat,), "twemoji", -1) for _ in range(30)))
    assert prompts.exact((NAMES.index("cherry"),), "noto", -1) == "cherry"         # has no Chinese name
    assert "cat" in " ".join(prompts.exact((cat, 1), "noto", -1) for _ in range(20))


def test_the_nearest_drawing_tells_the_name(source):
    nearest = Nearest(source, 0)
    first = source.latents_of([(0, place) for place in range(4)])
    names = [name_of(source.drawn[0].rows[place][0]) for place in range(4)]
    assert nearest.right(first, names).all() and not nearest.right(first, names[1:] + names[:1]).any()
    assert name_of(3, 2) != name_of(3) != name_of(4)


def test_the_teachers_runs_are_its_sampler_s(teacher, source, prompts):
    """A guided run is that of the demos' own DDIM."""
    grid, noise = [99, 60, 20], torch.randn(1, 4, 4, 4)
    prompt, empty = teacher.read("a cat"), teacher.read("")
    with torch.inference_mode():
        found = trajectories.solve(teacher.unet, student.Levels.of(teacher.schedule), grid, noise, prompt.states, empty.states, torch.tensor([2.5]))
    column = Column(make_sampler(DDIM, teacher.schedule, grid), noise, prompt, empty, 2.5, torch.Generator())
    steps = [step[0] for step in take_steps(teacher, [column])]
    assert torch.allclose(found[:, -1], column.sample, atol=1e-3) and torch.equal(found[:, 0], noise)
    assert torch.allclose(found[:, 1], steps[0].after, atol=1e-3)


@pytest.fixture
def batches(teacher, source, prompts, small):
    schedule = student.distilled_schedule(teacher.schedule)
    grid, path = schedule.consistency_timesteps(student.GRID), schedule.consistency_timesteps(student.PATH)
    count = len(grid) + 1
    runs = trajectories.Runs(torch.randn(5, count, 4, 16, 16).half(), ["a cat"] * 5, torch.linspace(1, 9, 5), 6)
    return rows.Rows(source, prompts, runs, student.Levels.of(schedule), grid, path, rows.Sizes(3, 8, 4))


def test_a_batch_holds_rows_of_three_sources_and_repeats_itself(batches, teacher):
    made = student.build_student(teacher.unet)
    predict = partial(student.velocity_of, made)
    first, again, other = batches.draw(1, predict), batches.draw(1, predict), batches.draw(2, predict)
    assert first.noisy.shape == first.clean.shape == (3 + 8 + 3 * 4, 4, 16, 16) and first.states.shape[0] == len(first.timesteps) == 23
    assert torch.equal(first.noisy, again.noisy) and not torch.equal(first.noisy, other.noisy)
    assert set(first.timesteps[-12:].tolist()) == set(batches.path[1:]) and not first.noisy.requires_grad
    assert batches.draw(0, None).noisy.shape == first.noisy.shape          # before the student's own runs are worth it
    taught = batches.taught()
    places = [batches.grid.tolist().index(timestep) for timestep in taught.timesteps.tolist()]
    samples = batches.runs.samples.float()
    for row, place in enumerate(places):
        run = (samples[:, -1] == taught.clean[row]).flatten(1).all(1).nonzero()[0, 0]
        assert torch.equal(samples[run, place], taught.noisy[row]) and taught.scales[row] == batches.runs.scales[run]
    assert ((1 <= first.scales) & (first.scales <= 9)).all()


def test_the_loss_is_least_at_what_is_meant_more_often_than_not():
    drawings = torch.tensor([0.0] * 7 + [1.0] * 3)[:, None, None, None].expand(-1, 4, 2, 2)
    losses = {value: rows.robust(drawings - value, 0.1).mean().item() for value in (0.0, 0.15, 0.3, 1.0)}
    assert min(losses, key=losses.get) == 0.0                              # a square would be least at 0.3
    assert rows.robust(torch.zeros(2, 4, 2, 2), 0.1).abs().max() < 1e-6


# -- the whole recipe --------------------------------------------------------------------------------
def test_a_few_steps_write_every_file(data, tmp_path, small):
    from diffusers import LatentConsistencyModelPipeline

    home, out, work = write_tiny_diffusion(tmp_path / "pocket"), tmp_path / "out", tmp_path / "work"
    arguments = ["--data", str(data), "--out", str(out), "--work", str(work), "--teacher", str(home), "--scenes", "8", "--device", "cpu",
                 "--no-compile"]
    train.main(arguments + ["--only", "trajectories"])
    assert len(list((work / "trajectories").glob("*.pt"))) == 2 and not out.exists()
    train.main(arguments)
    assert len(list((work / "trajectories").glob("*.pt"))) == 2
    recipe = json.loads((out / "recipe.json").read_text())
    assert set(recipe["stages"]) == set(train.STAGES) and recipe["stages"]["student"]["steps"] == 2
    assert recipe["stages"]["scale"]["chosen"] in choice.SCALES and recipe["stages"]["trajectories"]["runs"] == 16
    verify_checksums(out / "student", "student")
    shared = out / "student" / "vae" / "diffusion_pytorch_model.safetensors"
    assert not shared.is_symlink() and shared.read_bytes() == (home / "vae" / shared.name).read_bytes()
    golden = load_file(out / "golden.safetensors")
    model = load_diffuser(export.checkpoint_of(out), CPU)
    assert model.distilled and model.guidance_width == student.TOLD and model.schedule.most_consistency_steps == student.GRID
    found = model.predict(golden["noise"], [model.schedule.consistency_timesteps(1)[0]], golden["text_states"], golden["scale"].tolist())
    assert torch.allclose(found, golden["velocity"], atol=1e-4)
    pipe = LatentConsistencyModelPipeline.from_pretrained(out / "student")
    assert {pipe.unet.dtype, pipe.vae.dtype, pipe.text_encoder.dtype} == {torch.float32}
    assert pipe("a cat", height=16, width=16).images[0].size == (16, 16)
    with pytest.raises(ValueError, match="another --work"):
        train.main([*arguments[:7], str(write_tiny_diffusion(tmp_path / "other", seed=1)), *arguments[8:]])
