import json
import shutil

import pytest

from demos.base import checkpoints
from demos.base.checkpoints import find_checkpoint, open_folder, status
from demos.base.errors import UserError
from demos.base.spec import Checkpoint


def make_folder(folder, config=None, tensors=b"tensors", name="model.safetensors"):
    """A folder that looks like a model: one configuration, one file of tensors."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config or {"model_type": "tiny"}))
    (folder / name).write_bytes(tensors)
    return folder


@pytest.fixture
def pocket(tmp_path):
    folder = make_folder(tmp_path / "weights" / "pocket")
    checkpoints.write_checksums(folder)
    return Checkpoint(id="pocket", name="Pocket", licence="Apache-2.0", parameters=1, folder=folder)


def refusal(function, *args, **named):
    with pytest.raises(UserError) as caught:
        function(*args, **named)
    return caught.value


# -- finding -----------------------------------------------------------------------------------


def test_a_listed_id_is_found_even_where_others_are_not_allowed(pocket):
    assert find_checkpoint("pocket", [pocket], allow_any=False) is pocket


@pytest.mark.parametrize("typed", ["someone/else", "/etc", "../../etc", "./x", "pocket2"])
def test_free_text_needs_the_operators_leave(typed, pocket):
    assert refusal(find_checkpoint, typed, [pocket], allow_any=False).key == "checkpoint_not_allowed"


@pytest.mark.parametrize("typed", ["owner/name", "gpt2", "Owner-1/na.me_2", "/models/x", "./x", "../x", "~/x", "C:\\x"])
def test_ids_and_folders_are_told_apart_by_their_beginning(typed):
    found = find_checkpoint(f" {typed} ", [], allow_any=True)
    assert (found.id, found.folder, found.repo) == (typed, None, None)
    assert checkpoints.is_repo_id(typed) is (typed[0] not in "/.~" and "\\" not in typed)


@pytest.mark.parametrize("typed", [
    "", "a b", "https://huggingface.co/a/b", "a/b/c", "a--b", "a..b", "a/b.git", "-a", "a/", "//host/share",
    "\\\\host\\share", "a\nb", "/x\0y", "x" * 97, "a/<script>", "owner/\u540d", "hf://a/b", "$(id)"])
def test_what_is_neither_is_refused(typed):
    error = refusal(find_checkpoint, typed, [], allow_any=True)
    assert error.key == "checkpoint_id_invalid"
    assert len(error.values["name"]) <= 80


def test_our_rule_for_ids_is_the_hubs():
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    for typed in ["a", "a/b", "a.b/c_d", "a--b", "a..b", "a/b.git", "a/", "/a", "-a/b", "a/b-", "a b", "x" * 97]:
        try:
            validate_repo_id(typed)
            expected = True
        except HFValidationError:
            expected = False
        assert checkpoints.is_repo_id(typed) is expected, typed


@pytest.mark.parametrize("choice, space, allowed", [
    ("", "", True), ("", "owner/space", False), ("1", "owner/space", True), ("0", "", False), ("x", "s", False)])
def test_the_operator_decides_and_spaces_are_closed(choice, space, allowed, monkeypatch):
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", choice)
    monkeypatch.setenv("SPACE_ID", space)
    assert checkpoints.any_checkpoint_allowed() is allowed


# -- pocket ------------------------------------------------------------------------------------


def test_a_pocket_model_opens_and_is_hashed_once(pocket, monkeypatch):
    assert open_folder(pocket) == pocket.folder
    monkeypatch.setattr(checkpoints, "_sha256", lambda path: pytest.fail("hashed again"))
    assert open_folder(pocket) == pocket.folder


def test_altered_weights_are_refused_even_after_a_good_load(pocket):
    open_folder(pocket)
    (pocket.folder / "model.safetensors").write_bytes(b"tensorz")
    error = refusal(open_folder, pocket)
    assert (error.key, error.values["file"]) == ("weights_altered", "model.safetensors")


def test_weights_without_a_promise_are_refused(pocket):
    (pocket.folder / "extra.safetensors").write_bytes(b"x")
    assert refusal(open_folder, pocket).key == "weights_altered"


@pytest.mark.parametrize("gone", ["SHA256SUMS", "model.safetensors", "."])
def test_missing_weights_are_said(gone, pocket):
    target = pocket.folder / gone
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    assert refusal(open_folder, pocket).key == "weights_missing"


def test_sums_are_those_of_sha256sum(pocket, tmp_path):
    (pocket.folder / "part").mkdir()
    (pocket.folder / "part" / "b.safetensors").write_bytes(b"")
    checkpoints.write_checksums(pocket.folder)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert f"{empty}  part/b.safetensors\n" in (pocket.folder / "SHA256SUMS").read_text()
    assert open_folder(pocket) == pocket.folder


# -- folders somebody typed ----------------------------------------------------------------------


def typed(path):
    return find_checkpoint(str(path), [], allow_any=True)


def test_a_folder_opens(tmp_path):
    folder = make_folder(tmp_path / "mine")
    assert open_folder(typed(folder)) == folder
    assert status(typed(folder)).kind == "cached"


def test_a_folder_under_home_is_named_as_it_was_typed(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    error = refusal(open_folder, typed("~/absent"))
    assert (error.key, error.values) == ("folder_missing", {"name": "~/absent"})


@pytest.mark.parametrize("files, key", [
    ({}, "folder_not_a_model"),
    ({"config.json": "{}"}, "folder_not_a_model"),
    ({"model.safetensors": ""}, "folder_not_a_model"),
    ({"config.json": "{}", "pytorch_model.bin": ""}, "checkpoint_pickle_only"),
    ({"config.json": "{}", "weights.pt": ""}, "checkpoint_pickle_only"),
    ({"config.json": "{}", "model.safetensors": "", "tokenizer_config.json": '{"auto_map": {"a": "b"}}'},
     "checkpoint_remote_code"),
    ({"config.json": '{"text_cfg": {"tokenizer_kwargs": {"trust_remote_c\\u006fde": true}}}',
      "model.safetensors": ""}, "checkpoint_remote_code"),
    ({"config.json": "{", "model.safetensors": ""}, "checkpoint_broken"),
    ({"config.json": "[" * 100_000, "model.safetensors": ""}, "checkpoint_broken"),
    ({"config.json": "{}", "model-1.safetensors": "",
      "model.safetensors.index.json": '{"weight_map": {"w": "model-2.safetensors"}}'}, "checkpoint_broken"),
])
def test_a_folder_that_will_not_do_says_why(files, key, tmp_path):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert refusal(open_folder, typed(tmp_path)).key == key


def test_null_hooks_ask_for_nothing(tmp_path):
    folder = make_folder(tmp_path / "mine", {"custom_pipeline": None, "auto_map": {}})
    assert open_folder(typed(folder)) == folder


@pytest.mark.parametrize("path", ["/nowhere/at/all", "~nobody-of-that-name/x", "/" + "x" * 5000])
def test_a_folder_that_is_not_there_is_said(path):
    assert refusal(open_folder, typed(path)).key == "folder_missing"


def test_an_unreadable_folder_is_said(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checkpoints.Path, "is_dir", refuse)
    assert refusal(open_folder, typed(tmp_path)).key == "folder_missing"


@pytest.mark.parametrize(("id", "said"), [
    ("laion/CLIP-ViT-B-32", "laion/CLIP-ViT-B-32"), ("/home/someone/models/my-sd", "my-sd"), ("~/my-sd/", "my-sd"),
    ("C:\\Users\\someone\\my-sd", "my-sd"), ("pocket", "pocket")])
def test_files_that_leave_the_machine_name_no_folder_of_it(id, said):
    assert checkpoints.public_id(id) == said
