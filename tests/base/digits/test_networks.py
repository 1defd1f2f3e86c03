"""Teacher and student: shapes, sizes, and their folders on disk."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from demos.base.checkpoints import verify_checksums
from demos.base.digits.load import load_model, write_model
from demos.base.digits.networks import INSIDE, Student, StudentConfig, Teacher, TeacherConfig, logits_of, pixels
from demos.base.digits.strokes import draw_digits
from demos.base.errors import UserError

SMALL = TeacherConfig(channels=((4,), (8, 8)), hidden=16)
IMAGES, _ = draw_digits(7, 0)


def size(model) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("model", [Teacher(SMALL), Student(), Student(StudentConfig((), 32)), Student(StudentConfig((4,), 8)),
                                   Student(StudentConfig((4, 8, 8)))], ids=lambda m: repr(m.config))
def test_pictures_in_logits_out_gradients_everywhere(model):
    out = model(pixels(IMAGES))
    assert out.shape == (7, 10)
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for name, p in model.named_parameters())
    assert any(part in name for part in INSIDE for name, p in model.named_parameters() if p.ndim in (2, 4))


def test_the_student_is_at_least_ten_times_smaller_and_both_are_small():
    teacher, student = size(Teacher()), size(Student())
    assert 3e5 < teacher < 1e6 and 5e3 < student < 2e4 and teacher > 10 * student
    assert size(Student(StudentConfig((), 32))) == 784 * 32 + 32 + 320 + 10


def test_a_student_needs_something_between_pixels_and_logits():
    for channels in ((), (8,)):
        with pytest.raises(ValueError):
            StudentConfig(channels, 0)


def test_pixels_are_the_same_from_either_type():
    read = pixels(IMAGES)
    assert read.shape == (7, 1, 28, 28) and read.dtype == torch.float32 and read.max() == 1 and read.min() == 0
    assert torch.equal(pixels(IMAGES[0] / np.float64(255)), read[:1])


def test_logits_do_not_depend_on_the_batch():
    model = Teacher(SMALL).eval()
    whole = logits_of(model, IMAGES)
    assert whole.dtype == np.float32 and logits_of(model, IMAGES, batch=3) == pytest.approx(whole, abs=1e-5)


# -- folders -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", [Teacher(SMALL), Student(StudentConfig((4, 8)))], ids=["teacher", "student"])
def test_a_folder_holds_the_network_in_half_precision(tmp_path, model):
    folder = tmp_path / "a"
    model(pixels(IMAGES))                                            # moves a norm's statistics
    model.eval()
    write_model(folder, model)
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "config.json", "model.safetensors"]
    assert (folder / "model.safetensors").stat().st_size < 2 * size(model) + 4000
    verify_checksums(folder, "a")
    again = load_model(folder)
    assert type(again) is type(model) and again.config == model.config and not again.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in again.parameters())
    assert logits_of(again, IMAGES) == pytest.approx(logits_of(model, IMAGES), abs=0.02)
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value.half().float() if value.is_floating_point() else value)


def test_what_is_altered_missing_or_mismatched_is_refused(tmp_path):
    folder = tmp_path / "a"
    write_model(folder, Student(StudentConfig((4, 8))))
    config = json.loads((folder / "config.json").read_text())
    for wrong in ({**config, "channels": [4, 4]}, {**config, "kind": "poet"}, {**config, "more": 1}, {**config, "hidden": "x"}, []):
        (folder / "config.json").write_text(json.dumps(wrong))
        with pytest.raises(UserError) as error:
            load_model(folder, "The student")
        assert error.value.key == "checkpoint_broken" and error.value.values == {"name": "The student"}
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="weights_altered"):
        load_model(folder)
    with pytest.raises(UserError, match="weights_missing"):
        load_model(tmp_path / "nowhere")
