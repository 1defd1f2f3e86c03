"""Heatmaps and their test: on networks small enough to know the answer, and on the pocket model."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.checkpoints import find_checkpoint
from demos.base.clip.cells import view_picture
from demos.base.clip.checkpoints import POCKET
from demos.base.clip.load import load_clip
from demos.base.clip.propagation import conservative
from demos.base.clip.relevance import (
    area,
    deletion,
    deletion_masks,
    occluding_squares,
    occlusion_maps,
    refine,
    relevance_maps,
    score_masked,
)
from demos.base.clip.zero_shot import classifier_weights, softmax
from demos.base.devices import pick_device
from demos.base.errors import UserError
from tests.full_clip import WRITERS

VIT = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
RESNET = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 32}
TEXT = {"context_length": 8, "vocab_size": 16, "width": 16, "heads": 2, "layers": 1}
GRIDS = {"vit": (4, 4), "resnet": (2, 2), "siglip": (10, 10), "chinese_clip": (14, 14)}


def stand_in(vision: dict) -> SimpleNamespace:
    """What the heatmaps need of a ClipModel, round a network of random weights."""
    import open_clip
    import torch
    from open_clip.transform import image_transform

    torch.manual_seed(0)
    network = open_clip.CLIP(embed_dim=24, vision_cfg=dict(vision), text_cfg=dict(TEXT)).eval()
    prepare = image_transform(vision["image_size"], is_train=False, mean=[0.5] * 3, std=[0.5] * 3, resize_mode="squash")
    return SimpleNamespace(_network=network, _preprocess=prepare, image_size=vision["image_size"],
                           device=SimpleNamespace(name="cpu"), parameters=1000, logit_scale=20.0, logit_bias=None)


@pytest.fixture(scope="module")
def towers(tmp_path_factory):
    found = {"vit": stand_in(VIT), "resnet": stand_in(RESNET)}
    for name in ("siglip", "chinese_clip"):
        folder = WRITERS[name](tmp_path_factory.mktemp(name), small=True)
        found[name] = load_clip(find_checkpoint(str(folder), (), allow_any=True), pick_device())
    return found


@pytest.fixture(scope="module")
def pocket():
    return load_clip(POCKET, pick_device())


def noise(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (48, 48, 3), np.uint8))


def directions(model, count: int = 3) -> np.ndarray:
    """(count, E) random unit vectors in place of text features."""
    width = model._network.encode_image(view_picture(model, noise()).pixels[None]).shape[1]
    vectors = np.random.default_rng(1).normal(size=(count, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def scene() -> Image.Image:
    """A red heart on the left, a blue square on the right."""
    picture = Image.new("RGB", (128, 128), "white")
    pen = ImageDraw.Draw(picture)
    for box in ((6, 38, 34, 66), (28, 38, 56, 66)):
        pen.ellipse(box, fill="#e0245e")
    pen.polygon([(7, 58), (55, 58), (31, 92)], fill="#e0245e")
    pen.rectangle((74, 42, 118, 86), fill="#2f6fde")
    return picture


SCENE_LABELS = ("red heart", "blue square")


def cosines_of(model, picture, weights, masks) -> np.ndarray:
    return np.concatenate(list(score_masked(model, view_picture(model, picture), masks, weights)))


# -- the rules ------------------------------------------------------------------------------------

def without_constants(model):
    """Take away what is not proportional to the picture: biases, positions, class token, the GELU's part."""
    import torch

    with torch.no_grad():
        for name, parameter in model._network.visual.named_parameters():
            if name.endswith("bias") or "embedding" in name or "mlp.c_proj" in name:
                parameter.zero_()
    return model


def test_the_cells_add_up_to_the_cosine() -> None:
    model = without_constants(stand_in(VIT))
    weights = directions(model)
    maps = relevance_maps(model, noise(), weights)
    whole = cosines_of(model, noise(), weights, np.zeros((1, 16), bool))[0]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), whole, atol=1e-6)
    assert np.abs(whole).max() > 0.05


def test_the_rules_change_no_output(towers) -> None:
    import torch

    for model in towers.values():
        pixels = view_picture(model, noise()).pixels[None]
        with torch.no_grad():
            plain = model._network.encode_image(pixels)
            with conservative():
                ruled = model._network.encode_image(pixels)
        np.testing.assert_allclose(ruled, plain, atol=1e-5)


def test_attention_passes_relevance_through_its_values_only() -> None:
    import torch
    import torch.nn.functional as F

    query, key, value = (torch.randn(1, 1, 4, 8, requires_grad=True) for _ in range(3))
    with conservative():
        found = F.scaled_dot_product_attention(query, key, value)
    gradient = torch.autograd.grad(found.sum(), (query, key, value), allow_unused=True)
    attention = ((query @ key.transpose(-1, -2)) / 8 ** 0.5).softmax(-1)
    assert gradient[0] is None and gradient[1] is None
    np.testing.assert_allclose(gradient[2][..., 0], attention.sum(-2).detach(), atol=1e-6)


def test_a_norm_divides_by_a_constant() -> None:
    import torch
    import torch.nn.functional as F

    x, weight = torch.randn(3, 8, requires_grad=True), torch.randn(8)
    with conservative():
        found = F.layer_norm(x, (8,), weight, None, 1e-5)
    np.testing.assert_allclose(found.detach(), F.layer_norm(x, (8,), weight, None, 1e-5).detach(), atol=1e-6)
    gradient, = torch.autograd.grad(found[0, 0], x)
    deviation = (x[0].var(unbiased=False) + 1e-5).sqrt().detach()
    expected = weight[0] / deviation * (torch.eye(8)[0] - 1 / 8)
    np.testing.assert_allclose(gradient[0], expected, atol=1e-6)


# -- towers ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", GRIDS)
def test_every_tower_has_maps(name, towers) -> None:
    model = towers[name]
    weights = directions(model)
    traced, occluded = relevance_maps(model, noise(), weights), occlusion_maps(model, noise(), weights)
    assert traced.shape == (3, *GRIDS[name]) and traced.dtype == occluded.dtype == np.float32
    assert max(occluded.shape[1:]) <= 8 and len(occluded) == 3
    for maps in (traced, occluded):
        assert np.isfinite(maps).all() and np.abs(maps).max() > 0
        found = deletion(model, noise(), weights, np.arange(3), maps, steps=3, orders=1)
        assert np.isfinite(found.cosines).all()


def test_labels_do_not_change_each_others_maps(towers) -> None:
    for model in towers.values():
        weights = directions(model)
        alone = np.concatenate([relevance_maps(model, noise(), weights[i:i + 1]) for i in range(3)])
        np.testing.assert_allclose(relevance_maps(model, noise(), weights), alone, atol=1e-6)


def test_an_unknown_tower_has_occlusion_only() -> None:
    import torch

    class Average(torch.nn.Module):
        def encode_image(self, pixels, normalize=False):
            features = pixels.mean((2, 3)) + 0.1
            return torch.nn.functional.normalize(features, dim=-1) if normalize else features

    model = stand_in(VIT)
    model._network = Average()
    model._network.visual = torch.nn.Identity()
    weights = np.eye(3, dtype=np.float32)
    with pytest.raises(UserError) as caught:
        relevance_maps(model, noise(), weights)
    assert caught.value.key == "heatmap_unsupported"
    assert occlusion_maps(model, noise(), weights).shape == (3, 7, 7)


def test_nobody_else_notices(pocket) -> None:
    network = pocket._network
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    flags = [parameter.requires_grad for parameter in network.parameters()]
    features = pocket.image_features([scene()])
    weights = classifier_weights(pocket, SCENE_LABELS, ("{}",))
    relevance_maps(pocket, scene(), weights)
    occlusion_maps(pocket, scene(), weights)
    assert all((tensor == before[name]).all() for name, tensor in network.state_dict().items())
    assert [parameter.requires_grad for parameter in network.parameters()] == flags
    assert all(parameter.grad is None for parameter in network.parameters()) and not network.training
    assert not any(module._forward_hooks or module._backward_hooks for module in network.modules())
    np.testing.assert_array_equal(pocket.image_features([scene()]), features)


def test_callers_may_be_in_inference_mode(pocket) -> None:
    import torch

    weights = classifier_weights(pocket, SCENE_LABELS, ("{}",))
    plain = relevance_maps(pocket, scene(), weights)
    with torch.inference_mode():
        np.testing.assert_allclose(relevance_maps(pocket, scene(), weights), plain, atol=1e-7)


def test_threads_do_not_disturb_each_other(pocket) -> None:
    weights = classifier_weights(pocket, SCENE_LABELS, ("{}",))
    pictures = [scene(), noise()]
    alone = [relevance_maps(pocket, picture, weights) for picture in pictures]
    features = pocket.image_features(pictures)
    found: list[list] = [[], [], []]
    jobs = [lambda: found[0].append(relevance_maps(pocket, pictures[0], weights)),
            lambda: found[1].append(relevance_maps(pocket, pictures[1], weights)),
            lambda: found[2].append(pocket.image_features(pictures))]
    threads = [threading.Thread(target=lambda job=job: [job() for _ in range(4)]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for results, expected in zip(found, [*alone, features], strict=True):
        assert len(results) == 4
        for result in results:
            np.testing.assert_allclose(result, expected, atol=1e-6)


# -- views and masks ------------------------------------------------------------------------------

def test_empty_is_what_the_preprocessing_pads_with(pocket) -> None:
    view = view_picture(pocket, scene().crop((0, 32, 128, 96)))           # a strip: padded above and below
    assert view.empty_colour.tolist() == [255, 255, 255] == view.picture[0, 0].tolist()
    assert view.picture.shape == (64, 64, 3) and view.grid == (8, 8)
    assert view_picture(stand_in(VIT), scene()).empty_colour.tolist() == [128, 128, 128]


def test_cells_tile_the_picture(towers) -> None:
    for name, model in towers.items():
        cell_of = view_picture(model, noise()).cell_of
        assert np.unique(cell_of).tolist() == list(range(GRIDS[name][0] * GRIDS[name][1]))
        assert cell_of[0, -1] == GRIDS[name][1] - 1 and cell_of[-1, 0] == GRIDS[name][1] * (GRIDS[name][0] - 1)


def test_an_empty_cell_is_not_relevant(pocket) -> None:
    weights = classifier_weights(pocket, SCENE_LABELS, ("{}",))
    maps = relevance_maps(pocket, scene(), weights)
    assert np.abs(maps[:, 0]).max() == 0 < np.abs(maps[:, 4]).max()


def test_occlusion_is_the_mean_drop_of_the_squares_over_a_cell(towers) -> None:
    model = towers["vit"]
    weights = directions(model)
    squares = occluding_squares((4, 4))
    assert len(squares) == 9 and squares.sum(axis=(1, 2)).tolist() == [4] * 9
    whole = cosines_of(model, noise(), weights, np.zeros((1, 16), bool))
    drops = whole - cosines_of(model, noise(), weights, squares.reshape(9, 16))
    maps = occlusion_maps(model, noise(), weights)
    np.testing.assert_allclose(maps[:, 0, 0], drops[0], atol=1e-6)           # a corner lies under one square
    np.testing.assert_allclose(maps[:, 1, 1], drops[[0, 1, 3, 4]].mean(axis=0), atol=1e-6)


def test_a_fine_grid_is_occluded_on_a_coarser_one() -> None:
    squares = occluding_squares((27, 27))
    assert squares.shape == (36, 7, 7)                                       # cells of 4 x 4, the last ones of 4 x 3
    fine = refine(squares, (27, 27)).reshape(-1, 27, 27)
    assert fine[0, :8, :8].all() and fine[0].sum() == 64 and fine[-1].sum() == 49


# -- deletion -------------------------------------------------------------------------------------

def test_deletion_goes_from_the_most_relevant_cell_on() -> None:
    maps = np.array([[[0.1, 0.4], [-0.2, 0.3]]], np.float32)
    masks = deletion_masks(maps, np.arange(5), orders=2, seed=0)
    assert masks.shape == (2 + 3 * 3, 2, 2) and not masks[0].any() and masks[1].all()
    assert masks[2:5].tolist() == [[[False, True], [False, False]], [[False, True], [False, True]],
                                   [[True, True], [False, True]]]
    assert masks[5:].sum(axis=(1, 2)).tolist() == [1, 2, 3] * 2
    np.testing.assert_array_equal(masks, deletion_masks(maps, np.arange(5), orders=2, seed=0))
    assert (deletion_masks(np.zeros((1, 4, 4)), np.arange(17), 1, seed=0)
            != deletion_masks(np.zeros((1, 4, 4)), np.arange(17), 1, seed=1)).any()


def test_curves_are_the_scores_of_the_deleted_pictures(towers) -> None:
    model = towers["vit"]
    weights = directions(model, 4)
    labels = np.array([2, 0])
    maps = relevance_maps(model, noise(), weights)[labels]
    found = deletion(model, noise(), weights, labels, maps, steps=4, orders=3, seed=5)
    assert found.shares.tolist() == [0, 0.25, 0.5, 0.75, 1] and found.evaluations == 2 + 5 * 3
    order = np.argsort(-maps[1].ravel(), kind="stable")
    masks = np.zeros((5, 16), bool)
    for step in range(5):
        masks[step, order[:4 * step]] = True
    cosines = cosines_of(model, noise(), weights, masks)
    np.testing.assert_allclose(found.cosines[1], cosines[:, 0], atol=1e-6)
    np.testing.assert_allclose(found.probabilities[1], softmax(20.0 * cosines)[:, 0], atol=1e-5)
    chance = deletion_masks(maps, np.arange(0, 17, 4), 3, 5)[2 + 2 * 3:].reshape(3, 3, 16)
    scores = np.stack([cosines_of(model, noise(), weights, one)[:, 2] for one in chance])
    np.testing.assert_allclose(found.random_cosines[0, 1:-1], scores.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.random_cosines[:, [0, -1]], found.cosines[:, [0, -1]], atol=1e-6)


def test_a_grid_of_few_cells_has_a_step_per_cell(towers) -> None:
    model = towers["resnet"]
    weights = directions(model, 1)
    found = deletion(model, noise(), weights, np.arange(1), relevance_maps(model, noise(), weights), steps=16, orders=1)
    assert found.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_area_is_the_trapezoids() -> None:
    assert area(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 0.5
    np.testing.assert_allclose(area(np.array([[1, 1, 0], [0, 2, 0]]), np.array([0, 0.25, 1])), [0.625, 1])


# -- the pocket model -----------------------------------------------------------------------------

@pytest.mark.parametrize("make", [relevance_maps, occlusion_maps])
def test_each_label_is_seen_where_its_thing_is(make, pocket) -> None:
    maps = np.maximum(make(pocket, scene(), classifier_weights(pocket, SCENE_LABELS, ("a drawing of {}",))), 0)
    left = maps[:, :, :4].sum(axis=(1, 2)) / maps.sum(axis=(1, 2))
    assert left[0] > 0.6 and left[1] < 0.4, left


@pytest.mark.parametrize("make", [relevance_maps, occlusion_maps])
def test_deleting_by_relevance_is_faster_than_by_chance(make, pocket) -> None:
    weights = classifier_weights(pocket, (*SCENE_LABELS, "cat", "clock"), ("a drawing of {}",))
    maps = make(pocket, scene(), weights)[:2]
    found = deletion(pocket, scene(), weights, np.arange(2), maps)
    assert (area(found.cosines, found.shares) < area(found.random_cosines, found.shares) - 0.02).all()
    # In the opposite order the thing goes last.
    turned = deletion(pocket, scene(), weights, np.arange(2), -maps)
    assert (area(turned.cosines, found.shares) > area(found.random_cosines, found.shares)).all()
