"""Which patches count: in a made-up network that looks at one of them, by hand, and by the library's own gradients."""

from __future__ import annotations

import json
import math
import threading
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from demos.attention_viewer import budget, view
from demos.attention_viewer.attribution import attribute
from demos.attention_viewer.attribution_methods import kendall
from demos.attention_viewer.attribution_pictures import attribute_picture
from demos.attention_viewer.infer import look
from demos.attention_viewer.reading import keep_of
from demos.attention_viewer.schema import Attribution, Request
from demos.attention_viewer.spec import SPEC
from demos.base.attention.capture import Watch
from demos.base.attention.checkpoints import VISION
from demos.base.attention.model import AttentionModel, Reading
from demos.base.diffusion.stream import in_batches
from demos.base.text import LANGUAGES, load_text
from demos.registry import HERE
from tests.base.attention.library import library_network, question
from tests.demos.attention_viewer.requests import request
from tests.tiny_attention import folder_checkpoint, load_tiny, use_tiny_attention, write_folder

NAMES = ("cat", "dog", "hen")
LABELLED, BARE, TOWER = "ViTForImageClassification", "ViTModel", "pocket tower"
NETWORKS = (LABELLED, BARE, TOWER)
every_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    use_tiny_attention(monkeypatch)


@cache
def folder_of(name: str) -> Path:
    """A tiny network of transformers' own: 4 x 6 patches of 4 pixels."""
    import transformers

    folder = Path(mkdtemp(prefix="epochs-tiny-vision-"))
    transformers.ViTImageProcessor(size={"height": 16, "width": 24}).save_pretrained(folder)
    named = {"id2label": dict(enumerate(NAMES)), "label2id": {label: n for n, label in enumerate(NAMES)}} if name == LABELLED else {}
    config = transformers.ViTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=(16, 24),
                                    patch_size=4, initializer_range=0.06, **named)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return write_folder(folder, getattr(transformers, name)(config))


@cache
def asked(name: str) -> tuple[AttentionModel, Reading]:
    if name == TOWER:
        return question(VISION)
    model = load_tiny(folder_checkpoint(folder_of(name)))
    return model, model.read_picture(picture())


@cache
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 255, (16, 24, 3), np.uint8))


def answer_of(name: str, pixels: torch.Tensor, whole: torch.Tensor | None = None, network=None, watch: Watch | None = None) -> torch.Tensor:
    """Strength of the answer to `whole` (the reading's own picture) on `pixels`: of the network's, or a library's, states."""
    model, reading = asked(name)

    def token(pixels: torch.Tensor) -> torch.Tensor:
        if network is None:
            return model.states(Reading(pixels=pixels), watch, more_states=True).hidden_states[-1][0, 0]
        return network(pixel_values=pixels, output_hidden_states=True).hidden_states[-1][0, 0]

    with torch.no_grad():
        before = token(reading.pixels if whole is None else whole)
    now = token(pixels)
    if name != LABELLED:
        return now @ before / before.norm()
    head = lambda z: model.network.classifier(model.network.vit.layernorm(z)).log_softmax(-1)      # noqa: E731
    return head(now)[int(head(before).argmax())]


# -- a network that looks at one patch ---------------------------------------------------------------
class OnePatch:
    """Its class token is what it sees in one patch, while its attention is the same everywhere."""

    grid, limit, parameters, sites, side = (3, 4), 13, 100, {}, (12, 16)
    device = SimpleNamespace(name="cpu")

    def __init__(self, patch: int, labels: tuple[str, ...] = ()) -> None:
        torch.manual_seed(0)
        self.patch, self.labels = patch, labels
        self.layer = torch.nn.Conv2d(3, 8, 4, stride=4).requires_grad_(False)
        self.network = SimpleNamespace(classifier=torch.nn.Linear(8, max(1, len(labels))).requires_grad_(False))
        self.body = SimpleNamespace(get_input_embeddings=lambda: self.layer)

    def largest_batch(self, length: int) -> int:
        return 5

    def states(self, reading: Reading, watch: Watch, *, rows: int = 1, more_states: bool = False) -> SimpleNamespace:
        patches = self.layer(reading.pixels.expand(rows, -1, -1, -1)).flatten(2).transpose(1, 2)
        states = torch.cat([patches[:, self.patch, None], patches], 1)
        if watch.stacks is None:
            watch.take(("self", 0), torch.full((rows, 2, 13, 13), 1 / 13))
        return SimpleNamespace(last_hidden_state=states, hidden_states=(states,))


@pytest.mark.parametrize("labels", [(), NAMES], ids=["no labels", "labels"])
@pytest.mark.parametrize("patch", [0, 5, 11])
def test_the_one_patch_that_counts_is_found(patch, labels):
    """By occlusion and by the gradient; attention, which is even, does not know."""
    pixels = torch.randn(1, 3, 12, 16, generator=torch.Generator().manual_seed(2))
    found = attribute_picture(OnePatch(patch, labels), Reading(pixels=pixels), {})
    for name in ("occlusion", "gradient"):
        values = found.methods[name]
        assert np.abs(values).argmax() == patch and np.abs(np.delete(values, patch)).max() <= 1e-6 < np.abs(values[patch]) / 100
    assert found.methods["attention"] == pytest.approx(np.full(12, 1 / 13))
    taus = {(a, b): tau for a, b, tau in found.agreement}
    assert math.isnan(taus["occlusion", "attention"]) and (found.left, found.grid, found.place) == (0, (3, 4), 0)
    assert (found.answer is None) == (labels == ()) and (found.length is None) == (labels != ())


# -- by hand, and by the library ---------------------------------------------------------------------
@every_network
def test_one_covered_patch_by_hand(name):
    model, reading = asked(name)
    found = attribute_picture(model, reading, {})
    tall, wide = model.side[0] // model.grid[0], model.side[1] // model.grid[1]
    with torch.no_grad():
        before = answer_of(name, reading.pixels)
        for row, column in ((0, 0), (1, 2), (model.grid[0] - 1, model.grid[1] - 1)):
            pixels = reading.pixels.clone()
            pixels[..., row * tall:(row + 1) * tall, column * wide:(column + 1) * wide] = 0
            drop = float(before - answer_of(name, pixels))
            assert found.methods["occlusion"][row * model.grid[1] + column] == pytest.approx(drop, abs=1e-4)


@every_network
def test_gradients_of_patches_are_the_librarys(name):
    """At the patches' embeddings of its own eager network."""
    import transformers

    model, reading = asked(name)
    with torch.inference_mode(False):
        if name == TOWER:
            network = library_network(VISION, "eager")
        else:
            network = getattr(transformers, name).from_pretrained(folder_of(name), attn_implementation="eager").eval()
        layer = next(module for module in network.modules() if isinstance(module, torch.nn.Conv2d))
        kept = []
        handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output.requires_grad_(True) if output.is_leaf else output))
        network.requires_grad_(False)
        try:
            answer = answer_of(name, reading.pixels.clone(), network=network)
        finally:
            handle.remove()
        gradient, = torch.autograd.grad(answer, kept[-1])
    expected = (gradient * kept[-1]).norm(dim=1).flatten().detach().numpy()
    found = attribute_picture(model, reading, {}).methods["gradient"]
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6) and found.max() > 1e-3


@every_network
def test_every_method_has_a_number_for_every_patch(name):
    model, reading = asked(name)
    found = attribute_picture(model, reading, {})
    assert list(found.methods) == ["occlusion", "gradient", "attention", "rollout"] and len(found.agreement) == 6
    watch = Watch(model.sites)
    with torch.inference_mode():
        states = model.states(reading, watch, more_states=True)
    looked = torch.stack([p[0] for p in watch.maps.values()]).mean((0, 1))[0]
    assert found.methods["attention"] == pytest.approx(looked[1:].numpy(), abs=1e-5)
    for method, values in found.methods.items():
        assert values.shape == (model.limit - 1,) and np.isfinite(values).all()      # without the class token
        assert method == "occlusion" or ((values >= 0).all() and values.max() > 0)
    assert found.methods["rollout"].sum() < 1 and all(-1 <= tau <= 1 for *_, tau in found.agreement) and found.left == 0
    if name == LABELLED:
        p = model.network.classifier(states.last_hidden_state[0, 0]).softmax(-1)
        assert found.answer == (NAMES[int(p.argmax())], pytest.approx(float(p.max()), abs=1e-5)) and found.length is None
    else:
        assert found.answer is None and found.length == pytest.approx(float(states.hidden_states[-1][0, 0].norm()), rel=1e-4)


def test_a_picture_is_asked_about_as_a_text_is():
    """The place does not matter, and the label is the one that the stage shows."""
    found, again = attribute(request(VISION), 7), attribute(request(VISION), -10**6)
    shown = look(request(VISION))
    assert found.place == again.place == 0 and found.grid == shown.grid and found.answer is None and found.milliseconds > 0
    assert found.methods["rollout"] == pytest.approx(shown.rollout[1:], abs=1e-6)
    classifier = Request(picture=np.asarray(picture()), checkpoint=str(folder_of(LABELLED)))
    assert attribute(classifier, 0).answer == pytest.approx(look(classifier).label)


# -- what is switched off, stopped, left out ---------------------------------------------------------
@every_network
def test_heads_that_are_off_are_missed_by_every_method(name):
    model, reading = asked(name)
    keep = keep_of(model, (("self", 0, 0), ("self", 1, 1)))
    plain, found = attribute_picture(model, reading, {}), attribute_picture(model, reading, keep)
    watch = Watch(model.sites, keep=keep)
    with torch.no_grad():
        pixels = reading.pixels.clone()
        pixels[..., :model.side[0] // model.grid[0], :model.side[1] // model.grid[1]] = 0
        drop = answer_of(name, reading.pixels, watch=watch) - answer_of(name, pixels, watch=Watch(model.sites, keep=keep))
    assert found.methods["occlusion"][0] == pytest.approx(float(drop), abs=1e-4)
    for method in found.methods:
        assert not np.allclose(found.methods[method], plain.methods[method], rtol=1e-3, atol=0), method
    off = request(VISION, off=(("self", 0, 0),))
    assert not np.allclose(attribute(off, 0).methods["gradient"], attribute(request(VISION), 0).methods["gradient"], rtol=1e-3)


def test_no_gradient_is_left_behind():
    model, reading = asked(LABELLED)
    attribute_picture(model, reading, {})
    assert all(parameter.grad is None for parameter in model.network.parameters()) and reading.pixels.grad is None
    assert not model.body.get_input_embeddings().projection._forward_hooks


def allow(monkeypatch, passes: float) -> None:
    model, _ = question(VISION)
    monkeypatch.setattr(budget, "_ON_PROCESSOR", passes * model.parameters * model.limit)


def test_what_fits_is_covered_from_the_middle(monkeypatch):
    whole = attribute(request(VISION), 0)
    allow(monkeypatch, 4.5)
    found = attribute(request(VISION), 0)
    rows, columns = found.grid
    known = np.flatnonzero(np.isfinite(found.methods["occlusion"])).tolist()
    middle = [row * columns + column for row in (rows // 2 - 1, rows // 2) for column in (columns // 2 - 1, columns // 2)]
    assert known == middle and found.left == rows * columns - 4
    assert found.methods["occlusion"][known] == pytest.approx(whole.methods["occlusion"][known], abs=1e-4)
    assert all(np.isfinite(found.methods[name]).all() for name in ("gradient", "attention", "rollout"))
    assert found.agreement[0][2] == pytest.approx(kendall(found.methods["occlusion"][known], found.methods["gradient"][known]))
    monkeypatch.setattr(budget, "_ON_PROCESSOR", 1)
    assert np.isfinite(attribute(request(VISION), 0).methods["occlusion"]).sum() == 1      # something always fits


def test_a_visitor_can_stop_it_between_two_batches(monkeypatch):
    passes, states, flag = [], AttentionModel.states, threading.Event()

    def counted(self, *arguments, **more):
        passes.append(1)
        if len(passes) == 3:
            flag.set()
        return states(self, *arguments, **more)

    allow(monkeypatch, 25)                         # so that a batch is one row
    attribute(request(VISION), 0)
    monkeypatch.setattr(AttentionModel, "states", counted)
    assert list(in_batches(lambda: iter([attribute(request(VISION), 0)]), flag)) == [] and len(passes) == 3


# -- what the page is sent ---------------------------------------------------------------------------
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_told_what_was_left_out(language):
    nan = float("nan")
    methods = {"occlusion": np.array([nan, -0.5, 0.123456, nan]), "attention": np.array([0.1, 0.2, 0.3, 0.4])}
    found = Attribution(0, None, methods, (("occlusion", "attention", nan),), 12.4, left=2, grid=(2, 2), length=3.14159)
    value = json.loads(json.dumps(view.attribution_value(found), allow_nan=False))
    assert value == {"place": 0, "answer": None, "length": 3.142, "grid": {"rows": 2, "columns": 2}, "left": 2, "milliseconds": 12,
                     "methods": {"occlusion": [None, -0.5, 0.1235, None], "attention": [0.1, 0.2, 0.3, 0.4]},
                     "agreement": [{"a": "occlusion", "b": "attention", "tau": None}]}
    text = load_text(language, HERE / SPEC.id / "text")
    assert view.left_out(value, text) == [text("result.left_patches", n=2, left=2)]
    named = view.attribution_value(Attribution(0, ("cat", 0.5), methods, (), 1.0, grid=(2, 2)))
    assert named["answer"] == {"text": "cat", "p": 0.5} and named["length"] is None and view.left_out(named, text) == []
