"""Checkpoints of the Hub as the door sees them: what is cached, what it costs, who may run code."""

import os
import threading

import pytest

from demos.base import checkpoints
from demos.base.checkpoints import find_checkpoint, open_folder, status
from demos.base.spec import Checkpoint
from tests.base.test_checkpoints import make_folder, pocket, refusal  # noqa: F401


@pytest.fixture
def full(hub, tmp_path):
    commit = hub.add("owner/full", make_folder(tmp_path / "published"))
    return Checkpoint(id="owner/full", name="Full", licence="MIT", parameters=151, repo="owner/full",
                      revision=commit, megabytes=605, gigabytes=0.6)


def test_status_tells_the_four_kinds_apart_without_the_network(full, pocket, hub):
    assert status(pocket, free_bytes=0).kind == "bundled"
    assert status(full, free_bytes=int(1e9)) == checkpoints.Status("download", 605)
    assert status(full, free_bytes=int(0.5e9)) == checkpoints.Status("too_large", 605)
    assert hub.requests == []
    open_folder(full)
    hub.requests.clear()
    assert status(full, free_bytes=int(1e9)) == checkpoints.Status("cached")
    assert hub.requests == []


def test_a_cached_checkpoint_opens_without_the_network(full, hub, monkeypatch):
    folder = open_folder(full)
    hub.requests.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert open_folder(full) == folder
    assert hub.requests == []


def test_another_version_in_the_cache_does_not_count(full):
    open_folder(full)
    other = Checkpoint(**{**vars(full), "revision": "0" * 40})
    assert status(other).kind == "download"


def test_what_another_program_downloaded_counts_when_it_has_the_files_asked_for(full, hub):
    from huggingface_hub import snapshot_download

    snapshot_download("owner/full", revision=full.revision, cache_dir=os.environ["HF_HUB_CACHE"], endpoint=hub.url)
    assert status(full).kind == "cached"
    other = Checkpoint(**{**vars(full), "files": ("open_clip_config.json", "*.safetensors")})
    assert status(other).kind == "download"


def test_a_typed_id_takes_the_newest_version_and_remembers_it(full, hub):
    free = find_checkpoint("owner/full", [], allow_any=True)
    assert status(free) == checkpoints.Status("download", 0)
    folder = open_folder(free)
    assert folder.name == full.revision
    hub.fail(500)
    assert status(free).kind == "cached" and open_folder(free) == folder


def test_two_visitors_download_once(full, hub):
    hub.fail("slow", "config.json", seconds=0.2)
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(open_folder(full))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(folders) == 3 and len(set(folders)) == 1
    assert len([path for _, path in hub.requests if path.startswith("/api/")]) == 1
    assert sorted(hub.downloaded()) == ["config.json", "full@@model.safetensors"]


def test_code_is_refused_before_any_tensor_comes(hub, tmp_path):
    hub.add("owner/code", make_folder(tmp_path / "code", {"auto_map": {"AutoModel": "evil.Model"}}))
    (tmp_path / "code" / "evil.py").write_text("raise SystemExit")
    assert refusal(open_folder, find_checkpoint("owner/code", [], allow_any=True)).key == "checkpoint_remote_code"
    assert hub.downloaded() == ["config.json"]


def test_code_that_another_program_fetched_is_refused_too(hub, tmp_path):
    from huggingface_hub import snapshot_download

    hub.add("owner/code", make_folder(tmp_path / "code", {"auto_map": {"AutoModel": "evil.Model"}}))
    snapshot_download("owner/code", revision="main", cache_dir=os.environ["HF_HUB_CACHE"], endpoint=hub.url)
    free = find_checkpoint("owner/code", [], allow_any=True)
    assert status(free).kind == "cached"
    assert refusal(open_folder, free).key == "checkpoint_remote_code"


def test_a_reviewed_checkpoint_may_carry_hooks_that_nothing_calls(hub, tmp_path):
    commit = hub.add("owner/code", make_folder(tmp_path / "code", {"auto_map": {"AutoModel": "own.Model"}}))
    listed = Checkpoint(id="x", name="X", licence="", parameters=1, repo="owner/code", revision=commit)
    assert open_folder(listed).name == commit


def test_damaged_files_in_the_cache_are_forgotten_and_fetched_again(full, hub):
    folder = open_folder(full)
    tensors = folder / "model.safetensors"
    tensors.resolve().write_bytes(b"tens")
    checkpoints.forget_damaged(full)
    assert (folder / "config.json").is_file() and not tensors.exists()
    assert status(full).kind == "download"
    assert (open_folder(full) / "model.safetensors").read_bytes() == b"tensors"
