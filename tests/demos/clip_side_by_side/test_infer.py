import numpy as np
import pytest

from demos.base.clip.checkpoints import POCKET, VIT_B_32
from demos.base.errors import UserError
from demos.base.loader import LOADER
from demos.base.text import load_text
from demos.clip_side_by_side import infer
from demos.clip_side_by_side.agreement import compare
from demos.clip_side_by_side.infer import answer, fitted_sigmoid
from demos.clip_side_by_side.schema import VARIANTS, Request
from tests.full_clip import write_siglip
from tests.tiny_clip import write_tiny_clip

LABELS = tuple(load_text("en").records("clip.presets")[0]["labels"])
CHINESE = tuple(load_text("zh").records("clip.presets")[0]["labels"])
TEMPLATES = ("a drawing of {}",)


@pytest.fixture(autouse=True)
def empty_loader():
    yield
    LOADER.free_unused()


def picture():
    """A red disc on white."""
    y, x = np.mgrid[0:96, 0:96]
    pixels = np.full((96, 96, 3), 255, np.uint8)
    pixels[(y - 48) ** 2 + (x - 48) ** 2 < 900] = (220, 40, 40)
    return pixels


def ask(variant="plain", checkpoint=POCKET.id, labels=LABELS):
    return answer(Request(picture(), labels, TEMPLATES, checkpoint, variant=variant))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_of_the_pocket_model_answers(variant):
    found = ask(variant)
    assert found.cosines.shape == (len(LABELS),) and np.isfinite(found.probabilities).all()
    assert (found.logit_bias is None) == (variant != "sigmoid")
    assert found.image_size == 64 and found.run.evaluations == 1


def test_only_what_the_variant_names_is_altered():
    plain, english, chinese, sigmoid, rounded = (ask(v) for v in ("plain", "en", "zh", "sigmoid", "bits4"))
    np.testing.assert_array_equal(plain.cosines, english.cosines)
    np.testing.assert_array_equal(plain.cosines, sigmoid.cosines)
    assert chinese.labels == CHINESE and sigmoid.labels == LABELS
    assert np.abs(plain.cosines - chinese.cosines).max() > 1e-3 and np.abs(plain.cosines - rounded.cosines).max() > 1e-3
    assert rounded.weight_bytes < plain.weight_bytes / 7 and plain.weight_bytes == 4 * plain.run.parameters


def test_fewer_bits_agree_less():
    plain = ask()
    closeness = [compare(plain, ask(f"bits{bits}")).spearman for bits in (8, 4, 2)]
    assert closeness[0] > 0.99 > closeness[1] > closeness[2]


def test_the_sigmoids_numbers_are_those_of_the_labels_language():
    assert (ask("sigmoid").logit_scale, ask("sigmoid").logit_bias) == fitted_sigmoid("en")
    assert ask("sigmoid", labels=CHINESE).logit_bias == fitted_sigmoid("zh")[1]


def test_two_image_sizes_and_two_rules(tmp_path, monkeypatch):
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "1")
    clip, siglip = write_tiny_clip(tmp_path / "clip"), write_siglip(tmp_path / "siglip", small=True)
    left, right = ask(checkpoint=str(clip)), ask(checkpoint=str(siglip))
    assert (left.image_size, right.image_size) == (32, 160)
    assert (left.logit_bias, right.logit_bias) == (None, -10)
    assert compare(left, right).jsd is None
    assert left.probabilities.sum() == pytest.approx(1)
    assert ask("bits2", str(siglip)).weight_bytes < right.weight_bytes / 10


def test_a_sigmoid_is_fitted_for_the_pocket_model_alone(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="sigmoid_pocket_only"):
        ask("sigmoid", VIT_B_32.id)


def test_too_many_prompts_are_refused_for_a_large_model():
    many = Request(picture(), tuple(f"label {i}" for i in range(64)), tuple(f"{i} {{}}" for i in range(9)), VIT_B_32.id)
    with pytest.raises(UserError, match="prompts_many"):
        answer(many)


def test_a_photograph_is_strange_to_the_pocket_model_only(tmp_path, monkeypatch):
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "1")
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)
    tiny = str(write_tiny_clip(tmp_path / "clip"))
    assert [answer(Request(noise, ("a", "b"), TEMPLATES, id)).stranger for id in (POCKET.id, tiny)] == [True, False]


def test_warm_leaves_the_pocket_model_in_memory():
    infer.warm()
    assert any("pocket" in key for key in LOADER.loaded())
