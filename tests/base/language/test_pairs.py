"""Whether two models can be compared token by token: told from their tokenizers, as early as can be."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from demos.base.checkpoints import find_checkpoint
from demos.base.devices import Device
from demos.base.errors import UserError
from demos.base.language import load as loading
from demos.base.language.checkpoints import (
    BERT, DISTILBERT, DISTILGPT2, GPT2, LANGUAGE_MODELS, PAIRS, POCKET_STUDENT, POCKET_TEACHER, QWEN_MATH, R1_DISTILL, VOCABULARY, check_listed)
from demos.base.language.load import check_alike, check_files_alike, check_memory, is_loaded, load_language_model, open_language_model
from demos.base.loader import LOADER
from demos.base.spec import Checkpoint
from demos.ui.picker import download
from tests import full_language
from tests.tiny_language import IDS, tiny_language

CPU = Device("cpu", "CPU", "float32", 0, 0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("pairs")
    return {name: tuple(write(root / f"{name}{number}") for number, write in enumerate(writers)) for name, writers in full_language.PAIRS.items()}


@pytest.fixture(autouse=True)
def empty_loader():
    yield
    LOADER.free_unused()


def checkpoint(folder) -> Checkpoint:
    return find_checkpoint(str(folder), (), allow_any=True)


def load(folder):
    return load_language_model(checkpoint(folder), CPU)


def key_of(call, *arguments) -> str:
    with pytest.raises(UserError) as error:
        call(*arguments)
    return error.value.key


@pytest.mark.parametrize("name", full_language.PAIRS)
def test_a_student_shares_its_teachers_vocabulary(folders, name):
    teacher, student = map(load, folders[name])
    check_alike(teacher, student, ("a", "b"))
    text = "The cat ate 12 fish, and then it slept."
    assert teacher.encode(text).ids == student.encode(text).ids
    check_files_alike(folders[name][0], "a", checkpoint(folders[name][1]))


def test_marks_of_their_own_do_not_keep_two_models_apart(folders):
    """R1's student thinks between marks that the model it was made from has other names for."""
    base, distilled = map(load, folders["qwen2"])
    assert base.cutting.alphabet == distilled.cutting.alphabet and base.cutting.lead == () and len(distilled.cutting.lead) == 1
    assert base.encode("a <think> b").ids != distilled.encode("a <think> b").ids


def test_different_vocabularies_and_kinds_are_said(folders):
    gpt2, bert, qwen = (load(folders[name][0]) for name in ("gpt2", "bert", "qwen2"))
    assert key_of(check_alike, gpt2, qwen, ("a", "b")) == "vocabularies_differ" and key_of(check_alike, gpt2, bert, ("a", "b")) == "kinds_differ"
    assert key_of(check_files_alike, folders["gpt2"][0], "a", checkpoint(folders["qwen2"][1])) == "vocabularies_differ"
    assert key_of(check_files_alike, folders["gpt2"][0], "a", checkpoint(folders["bert"][1])) == "kinds_differ"


def test_what_cannot_be_read_is_left_to_its_opening(folders, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    copy = shutil.copytree(folders["gpt2"][0], tmp_path / "copy")
    (copy / "tokenizer.json").write_text("{}")
    check_files_alike(copy, "a", checkpoint(folders["qwen2"][0]))
    check_files_alike(folders["gpt2"][0], "a", DISTILGPT2)                 # not on this machine
    check_files_alike(folders["gpt2"][0], "a", replace(POCKET_STUDENT, folder=tmp_path / "none"))


def test_listed_pairs_are_known_before_anything_is_fetched():
    for teacher, student in PAIRS:
        check_listed(teacher, student)
    assert VOCABULARY.keys() == {c.id for pair in PAIRS for c in pair} >= {c.id for c in LANGUAGE_MODELS}
    assert key_of(check_listed, GPT2, DISTILBERT) == key_of(check_listed, POCKET_TEACHER, R1_DISTILL) == key_of(check_listed, BERT, QWEN_MATH) == "pair_differs"
    check_listed(GPT2, Checkpoint(id="somebody/else", name="x", licence="", parameters=0))


def test_no_tensor_is_fetched_for_a_pair_that_does_not_go_together(folders, hub, tmp_path):
    hub.add("somebody/gpt2", folders["gpt2"][0])
    mine = find_checkpoint("somebody/gpt2", (), allow_any=True)
    for partner, key in ((folders["qwen2"][0], "vocabularies_differ"), (folders["bert"][0], "kinds_differ")):
        asked = list
        assert key_of(asked, download(mine, lambda folder: check_files_alike(folder, mine.name, checkpoint(partner)))) == key
    assert hub.downloaded() and not any(name.endswith(".safetensors") for name in hub.downloaded())
    list(download(mine, lambda folder: check_files_alike(folder, mine.name, checkpoint(folders["gpt2"][1]))))
    assert any(name.endswith(".safetensors") for name in hub.downloaded())


def test_two_that_do_not_fit_together_are_said(monkeypatch):
    a, b = (replace(tiny_language(id), gigabytes=3.0) for id in IDS[:2])
    monkeypatch.setattr(loading, "free_memory", lambda device: 5_000_000_000)
    assert key_of(check_memory, [a, b]) == "pair_large"
    check_memory([a])
    check_memory([a, a])
    with open_language_model(a):
        assert is_loaded(a) and not is_loaded(b)
        check_memory([a, b])                       # what is loaded asks for nothing more
