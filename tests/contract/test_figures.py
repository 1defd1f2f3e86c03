"""What a file says of the weights, it says of those that lie here: measured figures by their hash, golden tensors by value."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from demos.base.measured import hash_tensors
from tests.contract.house import WEIGHTS
from tests.contract.test_weights import trained_demo

MEASURED = sorted(WEIGHTS.glob("*/metrics.json"))
# Figures of twins that never saw what they are asked about: these stay in the work folder of clip_zero_shot's recipe.
TWINS = {("clip_probe", "weights", "emoji"), ("clip_templates", "weights", "twin_twemoji"),
         ("clip_templates", "weights", "twin_fluent3d"), ("clip_templates", "weights", "twin_fluentflat")}
# Demos whose golden tensors need more than their folder to be computed, and are compared by their own tests.
COMPARED_BY_THEIR_OWN = {"clip_zero_shot"}


def hashes_in(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where a file names weights, and the SHA-256 it gives: below any key that begins with `weights`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from hashes_in(inner, (*path, key))
    elif isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) and any(key.startswith("weights") for key in path):
        yield path, value


def folders_of(weights: Path) -> dict[str, str]:
    """`demo/folder` of every folder with weights in it, however deep, and the hash that a measurement records of it."""
    folders = {path.parent for path in weights.glob("*/*/**/*.safetensors")}
    return {folder.relative_to(weights).as_posix(): hash_tensors(folder) for folder in sorted(folders)}


def strangers(weights: Path, demo: str, metrics: dict, twins: set[tuple[str, ...]]) -> list[str]:
    """Figures of weights that do not lie here. Those that stand under the name of a folder of the demo must be that folder's.

    Raises: AssertionError when such figures name no weights at all.
    """
    shipped = folders_of(weights)
    named = dict(hashes_in(metrics))
    found = []
    for path, digest in named.items():
        own = shipped.get(f"{demo}/{path[0]}")
        if digest != own if own else digest not in shipped.values() and (demo, *path) not in twins:
            found.append("/".join((demo, *path)))
    for name in metrics:
        assert f"{demo}/{name}" not in shipped or name in {path[0] for path in named}, f"{demo}/{name}: figures of which weights?"
    return found


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.parent.name)
def test_figures_belong_to_the_weights_that_lie_here(path):
    """After new weights, measure again."""
    assert strangers(WEIGHTS, path.parent.name, json.loads(path.read_text(encoding="utf-8")), TWINS) == []


def test_twins_are_named_while_they_are_measured():
    named = {(path.parent.name, *where) for path in MEASURED for where, _ in hashes_in(json.loads(path.read_text(encoding="utf-8")))}
    assert named and TWINS <= named


def test_figures_of_other_weights_are_found(tmp_path):
    for name, content in (("one/causal", b"a"), ("one/masked", b"b"), ("two/pocket/unet", b"c")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "model.safetensors").write_bytes(content)
    a, b, c = (hash_tensors(tmp_path / name) for name in ("one/causal", "one/masked", "two/pocket/unet"))
    of = lambda digest: {"measured": {"weights_sha256": digest}, "bits": 1.5}  # noqa: E731
    assert strangers(tmp_path, "one", {"causal": of(a), "masked": of(b)}, set()) == []
    assert strangers(tmp_path, "one", {"causal": of(b)}, set()) == ["one/causal/measured/weights_sha256"]
    assert strangers(tmp_path, "two", {"weights": c, "names": 3, "file": "f" * 64}, set()) == []
    assert strangers(tmp_path, "two", {"weights": {"shipped": a, "twin": "f" * 64}}, set()) == ["two/weights/twin"]
    assert strangers(tmp_path, "two", {"weights": {"twin": "f" * 64}}, {("two", "weights", "twin")}) == []
    with pytest.raises(AssertionError, match="one/masked"):
        strangers(tmp_path, "one", {"causal": of(a), "masked": {"accuracy": 0.5}}, set())


@trained_demo
def test_shipped_weights_compute_their_golden_tensors(demo, tmp_path):
    """The recipe's own `write_golden`, run again on what is shipped."""
    if demo.id in COMPARED_BY_THEIR_OWN:
        tests = "".join(path.read_text(encoding="utf-8") for path in (Path(__file__).parents[1] / "demos" / demo.id).glob("test_*.py"))
        assert "golden.safetensors" in tests and "assert_close" in tests
        return
    write_golden = importlib.import_module(f"{demo.package}.export").write_golden
    assert list(inspect.signature(write_golden).parameters) == ["folder"]
    for folder in (WEIGHTS / demo.id).iterdir():
        if folder.is_dir():
            (tmp_path / folder.name).symlink_to(folder, target_is_directory=True)
    write_golden(tmp_path)
    stored, computed = (load_file(folder / "golden.safetensors") for folder in (WEIGHTS / demo.id, tmp_path))
    assert stored.keys() == computed.keys()
    for name, tensor in stored.items():
        assert tensor.dtype == computed[name].dtype, name
        near = 1 if tensor.dtype == torch.uint8 else 1e-3          # a level of a picture may round the other way
        torch.testing.assert_close(computed[name], tensor, rtol=1e-3, atol=near, msg=lambda message, name=name: f"{name}: {message}")
