"""Everything in weights/: complete, hashed, small, and free of pickles and of the training data."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import pytest
from safetensors import safe_open

from demos.base.checkpoints import CHECKSUMS, verify_checksums
from tests.contract.house import DEMOS, ROOT, WEIGHTS, WRITTEN

# A demo that only borrows a neighbour's pocket model has measured figures at most.
TRAINED = [demo for demo in DEMOS if any(c.folder is not None and c.folder.is_relative_to(WEIGHTS / demo.id)
                                         for c in demo.spec.checkpoints)]
trained_demo = pytest.mark.parametrize("demo", TRAINED, ids=[demo.id for demo in TRAINED])

# Megabytes (10^6 bytes) that the folders of such a name may have together; all of weights/ 250, one file 10.
BUDGETS = {"clip_zero_shot": 12, "ddpm_vs_ddim": 22, "attention_viewer": 30, "distilled_*": 25, "moe_routing": 40}
LARGEST_BUDGET, ALL, ONE_FILE = 40, 250, 10
# Folders that several demos share.
SHARED = {"tokenizer"}
FOLDERS = sorted(p for p in WEIGHTS.iterdir() if p.is_dir())

TEXTS = {".md", ".json", ".toml", ".txt", ".csv"}
ALLOWED = TEXTS | {".safetensors", ""}             # "": SHA256SUMS
PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04", b"\x93NUMPY", b"\x1f\x8b")
DATA = Path(os.environ.get("EPOCHS_DATA", ROOT.parent / "shared" / "data"))


def files_in(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def megabytes(folder: Path) -> float:
    return sum(p.stat().st_size for p in files_in(folder)) / 1e6


def megabytes_kept(folders: Sequence[Path], before: Sequence[Path] = ()) -> float:
    """Of different contents in `folders`; those that also lie in a folder of `before` are not counted.

    A student whose text encoder is its teacher's holds a copy of it, so that its folder opens by itself wherever it is
    taken. The repository and a push of it do not grow by that: git keeps files of the same content once.
    """
    known = {hashlib.sha256(path.read_bytes()).digest() for folder in before for path in files_in(folder)}
    sizes = {hashlib.sha256(path.read_bytes()).digest(): path.stat().st_size for folder in folders for path in files_in(folder)}
    return sum(size for digest, size in sizes.items() if digest not in known) / 1e6


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


@trained_demo
@pytest.mark.parametrize("name", ["README.md", "recipe.json", "metrics.json", "golden.safetensors"])
def test_recipe_wrote_every_file(demo, name):
    assert (WEIGHTS / demo.id / name).is_file()


@trained_demo
def test_pocket_folders_hold_what_their_checksums_say(demo):
    """Those of checkpoints, and those that a page reads a tensor from, which have no configuration."""
    folders = {folder for folder in (WEIGHTS / demo.id).iterdir() if folder.is_dir()}
    assert {c.folder for c in demo.spec.checkpoints if c.folder is not None and c.folder.is_relative_to(WEIGHTS / demo.id)} <= folders
    for folder in sorted(folders):
        verify_checksums(folder, folder.name)
        promised = re.findall(r"^([0-9a-f]{64})  (\S+)$", (folder / CHECKSUMS).read_text(), re.MULTILINE)
        assert {name for _, name in promised} == {p.relative_to(folder).as_posix() for p in folder.rglob("*.safetensors")}
        for digest, name in promised:
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


@trained_demo
def test_card_has_a_header_and_the_command(demo):
    card = (WEIGHTS / demo.id / "README.md").read_text(encoding="utf-8")
    header = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    assert header, "the card begins with a YAML header"
    assert re.search(r"^license: *\S", header.group(1), re.MULTILINE)
    assert f"demos.{demo.id}.train" in card


@trained_demo
def test_recipe_names_the_weights_it_made(demo):
    recipe = (WEIGHTS / demo.id / "recipe.json").read_text(encoding="utf-8")
    assert isinstance(json.loads(recipe), dict)
    # A checkpoint of another demo is in that demo's recipe.
    folders = [WEIGHTS / demo.id, *(c.folder for c in demo.spec.checkpoints if c.folder and c.folder.is_relative_to(WEIGHTS / demo.id))]
    for folder in folders:
        for path in folder.rglob("*.safetensors"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() in recipe, f"recipe.json lacks the SHA-256 of {path.name}"


@trained_demo
def test_metrics_say_when_and_where(demo):
    measured = read_json(WEIGHTS / demo.id / "metrics.json")["measured"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", measured["date"])
    assert measured["machine"].strip() and "placeholder" not in measured["machine"].lower()


@trained_demo
def test_golden_tensors_are_there(demo):
    with safe_open(WEIGHTS / demo.id / "golden.safetensors", "numpy") as golden:
        assert len(list(golden.keys())) >= 2       # something in, something out


@trained_demo
def test_pocket_parameters_are_as_stated(demo):
    """Within 2 %: the picker says them before anything is loaded."""
    for checkpoint in demo.spec.checkpoints:
        if checkpoint.folder is None:
            continue
        count = 0
        for path in checkpoint.folder.rglob("*.safetensors"):
            with safe_open(path, "numpy") as tensors:
                for name in tensors.keys():
                    size = 1
                    for side in tensors.get_slice(name).get_shape():
                        size *= side
                    count += size
        assert count / 1e6 == pytest.approx(checkpoint.parameters, rel=0.02)


# -- sizes -----------------------------------------------------------------------------------------
def test_every_folder_belongs_to_a_demo():
    assert {folder.name for folder in FOLDERS} <= SHARED | {demo.id for demo in WRITTEN}


def budget_of(name: str) -> tuple[str, float]:
    """Which folders share the budget that a folder of this name has part in, and its megabytes."""
    return next(((names, limit) for names, limit in BUDGETS.items() if fnmatch(name, names)), (name, LARGEST_BUDGET))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_folder_keeps_its_budget(folder):
    names, limit = budget_of(folder.name)
    mine = [one for one in FOLDERS if fnmatch(one.name, names)]
    assert megabytes_kept(mine, before=[one for one in FOLDERS if one < mine[0]]) <= limit


def test_a_copy_takes_no_room(tmp_path):
    for name, content in {"a/tokens.json": b"1" * 1000, "b/tokens.json": b"1" * 1000, "b/copy.json": b"2" * 1000, "b/own.json": b"2" * 1000,
                          "b/last.json": b"3" * 500}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    a, b = tmp_path / "a", tmp_path / "b"
    assert (megabytes_kept([a]), megabytes_kept([b]), megabytes_kept([b], before=[a]), megabytes_kept([a, b])) == (0.001, 0.0025, 0.0015, 0.0025)


def test_pairs_of_one_era_share_a_budget():
    assert budget_of("distilled_digits") == budget_of("distilled_text") == ("distilled_*", 25)
    assert budget_of("attention_viewer") == ("attention_viewer", 30) and budget_of("tokenizer") == ("tokenizer", LARGEST_BUDGET)


def test_all_weights_keep_the_budget():
    assert megabytes(WEIGHTS) <= ALL
    assert [p for p in files_in(WEIGHTS) if p.stat().st_size > ONE_FILE * 1_000_000] == []


# -- contents --------------------------------------------------------------------------------------
def unsafe_files(folder: Path) -> list[str]:
    """Files that are neither text nor safetensors, by their name or by how they begin."""
    found = []
    for path in files_in(folder):
        with path.open("rb") as stream:
            start = stream.read(8)
        if path.suffix not in ALLOWED or start.startswith(PICKLE_STARTS):
            found.append(path.relative_to(folder).as_posix())
    return found


def test_weights_hold_texts_and_safetensors_only():
    assert unsafe_files(WEIGHTS) == []


@pytest.mark.parametrize(("name", "start", "unsafe"), [
    ("model.bin", b"....", True), ("model.pt", b"PK\x03\x04", True), ("model.safetensors", b"\x80\x04\x95", True),
    ("cat.png", b"\x89PNG", True), ("pictures.npz", b"PK\x03\x04", True), ("model.safetensors", b"\x08\0\0\0\0\0\0\0", False),
    ("card.md", b"# Card", False)])
def test_unsafe_files_are_found(tmp_path, name, start, unsafe):
    (tmp_path / name).write_bytes(start)
    assert bool(unsafe_files(tmp_path)) is unsafe


def pictures_in(path: Path) -> list[str]:
    """Tensors shaped like RGB or RGBA pictures of 32 pixels a side or more."""
    with safe_open(path, "numpy") as tensors:
        shapes = {name: tensors.get_slice(name).get_shape() for name in tensors.keys()}
    return [name for name, shape in shapes.items() if len(shape) >= 3
            and ((shape[-3] in (3, 4) and min(shape[-2:]) >= 32) or (shape[-1] in (3, 4) and min(shape[-3:-1]) >= 32))]


def test_only_golden_tensors_hold_pictures():
    """Golden pictures are drawn by code; the data set's stay where they are."""
    found = {p.relative_to(WEIGHTS).as_posix(): pictures_in(p)
             for p in files_in(WEIGHTS) if p.suffix == ".safetensors" and p.name != "golden.safetensors"}
    assert {name: tensors for name, tensors in found.items() if tensors} == {}


def strings_in(value: object):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)


def copied_passages(strings, corpus: str, length: int = 40) -> list[str]:
    """Strings of at least `length` characters of which a stretch that long stands in `corpus`."""
    found = []
    for string in strings:
        pieces = [string[i:i + length] for i in range(0, len(string) - length + 1, length)]
        found += [piece for piece in pieces if piece in corpus]
    return found


def test_weights_hold_no_passage_of_the_data():
    if not DATA.is_dir():
        pytest.skip("no training data here to compare with")
    corpus = "\n".join(path.read_text(encoding="utf-8", errors="replace")
                       for folder in ("english", "chinese_poetry", "python_source", "en_zh_pairs", "gsm8k")
                       for path in sorted((DATA / folder).glob("*")) if path.suffix in (".txt", ".tsv", ".jsonl")
                       and "LICENSE" not in path.name)
    strings = {string for path in files_in(WEIGHTS) if path.suffix in TEXTS for string in
               (strings_in(read_json(path)) if path.suffix == ".json" else path.read_text(encoding="utf-8").splitlines())}
    long = {s for s in strings if len(s) >= 40}
    assert len(corpus) > 1_000_000 and copied_passages(long, corpus) == []


def test_copied_passages_are_found():
    corpus = "It was the best of times, it was the worst of times, it was the age of wisdom"
    assert copied_passages([corpus[3:60]], corpus) and not copied_passages(["It was the best of times"], corpus)
