import errno
import os
import socket
from types import SimpleNamespace

import pytest

from demos.base import hub as room
from demos.base.checkpoints import open_folder, status
from demos.base.errors import UserError
from demos.base.hub import RemoteFile, choose_files
from demos.base.spec import Checkpoint

TENSORS = bytes(range(256)) * 400  # 102,400 bytes


@pytest.fixture
def full(hub, tmp_path):
    folder = tmp_path / "published"
    (folder / "part").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "part" / "config.json").write_text('{"part": 1}')
    for name in ("model.safetensors", "part/model.safetensors", "pytorch_model.bin"):
        (folder / name).write_bytes(TENSORS)
    (folder / "code.py").write_text("raise SystemExit")
    (folder / "README.md").write_text("hello")
    return Checkpoint(id="full", name="Full", licence="MIT", parameters=1, repo="owner/full",
                      revision=hub.add("owner/full", folder), megabytes=0.2)


@pytest.fixture
def patient(monkeypatch):
    """Let the library's pauses between its tries pass at once."""
    monkeypatch.setattr("huggingface_hub.file_download.time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)


def refusal(checkpoint, **named):
    with pytest.raises(UserError) as caught:
        open_folder(checkpoint, **named)
    return caught.value


def assert_recovers(checkpoint, hub):
    """After the failure is over, the same checkpoint opens whole, and no debris counts as one."""
    assert status(checkpoint).kind == "download"
    hub.recover()
    folder = open_folder(checkpoint)
    assert (folder / "model.safetensors").read_bytes() == TENSORS
    assert (folder / "part" / "model.safetensors").read_bytes() == TENSORS


def test_only_tensors_and_configurations_are_fetched(full, hub):
    folder = open_folder(full)
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert found == ["config.json", "model.safetensors", "part/config.json", "part/model.safetensors"]
    assert not [path for _, path in hub.requests if path.endswith((".bin", ".py"))]


def test_progress_rises_to_the_end(full):
    seen = []
    open_folder(full, progress=lambda fraction, megabytes: seen.append((fraction, megabytes)))
    assert seen == sorted(seen)
    assert seen[-1][0] == 1.0
    assert seen[-1][1] == pytest.approx((2 * len(TENSORS) + 13) / 1e6)


def test_a_download_can_be_cancelled_and_taken_up_again(full, hub):
    class Stop(Exception):
        pass

    def stop(fraction, megabytes):
        if fraction > 0.4:
            raise Stop

    with pytest.raises(Stop):
        open_folder(full, progress=stop)
    assert_recovers(full, hub)


@pytest.mark.parametrize("kind, key", [
    (401, "checkpoint_forbidden"), (403, "checkpoint_forbidden"), (404, "checkpoint_not_found"),
    (429, "hub_busy"), (500, "hub_failing"), (503, "hub_failing"), (418, "hub_failing"),
    ("gated", "checkpoint_gated"), ("no_revision", "checkpoint_revision_missing"),
    ("html", "checkpoint_unreachable")])
def test_the_hub_refuses_at_the_door(kind, key, full, hub):
    hub.fail(kind, "/api/models/")
    assert refusal(full).key == key
    assert_recovers(full, hub)


@pytest.mark.parametrize("kind, key", [
    (401, "checkpoint_forbidden"), (403, "checkpoint_forbidden"), (429, "hub_busy"), (500, "hub_failing"),
    ("gated", "checkpoint_gated")])
def test_the_hub_refuses_a_file(kind, key, full, hub):
    hub.fail(kind, "part/model.safetensors$", methods=("HEAD",))
    error = refusal(full)
    assert (error.key, error.values["name"]) == (key, "owner/full")
    assert len([1 for method, path in hub.requests if path.endswith("part/model.safetensors")]) == 1, "retried"
    assert_recovers(full, hub)


@pytest.mark.parametrize("kind, key", [(403, "checkpoint_forbidden"), (500, "hub_failing"),
                                       ("wrong_bytes", "checkpoint_wrong_hash"), ("cut", "checkpoint_interrupted")])
def test_the_storage_behind_the_hub_fails(kind, key, full, hub, patient):
    hub.fail(kind, "^/cdn/")
    assert refusal(full).key == key
    assert_recovers(full, hub)


def test_a_wrong_configuration_is_noticed_too(full, hub):
    hub.fail("wrong_bytes", "/config.json$")
    error = refusal(full)
    assert (error.key, error.values["file"]) == ("checkpoint_wrong_hash", "config.json")
    assert_recovers(full, hub)


def test_a_cut_connection_is_taken_up_where_it_broke(full, hub, patient):
    hub.fail("cut", "^/cdn/", after=60_000)
    seen = []

    def mend(fraction, megabytes):
        seen.append(fraction)
        hub.recover()

    assert (open_folder(full, progress=mend) / "model.safetensors").read_bytes() == TENSORS
    assert seen[-1] == 1.0


def test_a_slow_hub_is_given_up(full, hub, monkeypatch):
    monkeypatch.setattr(room, "ANSWER_SECONDS", 0.1)
    hub.fail("slow", "/api/")
    assert refusal(full).key == "checkpoint_unreachable"


def test_a_name_look_up_that_hangs_is_given_up(full, hub, monkeypatch):
    monkeypatch.setattr(room, "REACH_SECONDS", 0.1)
    hub.fail("slow", "/api/", seconds=1)
    assert refusal(full).key == "checkpoint_unreachable"


def test_nobody_answers(full, hub, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed}")
    assert refusal(full).key == "checkpoint_unreachable"
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert_recovers(full, hub)


def test_no_name_service(full, monkeypatch):
    def fail(*args, **named):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    assert refusal(full).key == "checkpoint_unreachable"


def test_the_address_of_the_hub_is_nonsense(full, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "not an address")
    assert refusal(full).key == "checkpoint_unreachable"


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_by_the_operators_wish_asks_nobody(variable, full, hub, monkeypatch):
    monkeypatch.setenv(variable, "1")
    assert refusal(full).key == "checkpoint_offline"
    assert hub.requests == []


def test_a_full_disk_is_said_before_the_download(full, hub, monkeypatch):
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    assert refusal(full).key == "disk_full"
    assert hub.downloaded() == []


@pytest.mark.parametrize("number, key", [(errno.ENOSPC, "disk_full"), (errno.EACCES, "cache_not_writable")])
def test_the_disk_fails_midway(number, key, full, hub, monkeypatch):
    def fail(*args, **named):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr("huggingface_hub.file_download._chmod_and_move", fail)
        assert refusal(full).key == key
    assert_recovers(full, hub)


def test_a_cache_that_cannot_be_written(full, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "file" / "cache"))
    assert refusal(full).key == "cache_not_writable"


@pytest.mark.parametrize("names, key", [(["pytorch_model.bin"], "checkpoint_pickle_only"),
                                        (["README.md"], "checkpoint_no_weights")])
def test_a_repository_without_safetensors(names, key, hub, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    for name in ["config.json", *names]:
        (folder / name).write_text("{}")
    hub.add("owner/other", folder)
    checkpoint = Checkpoint(id="owner/other", name="x", licence="", parameters=0)
    assert refusal(checkpoint).key == key
    assert hub.downloaded() == []


def test_a_repository_nobody_has(hub):
    assert refusal(Checkpoint(id="owner/none", name="x", licence="", parameters=0)).key == "checkpoint_not_found"


def test_the_same_bytes_for_ever_are_given_up():
    meter = room._Meter(1000, None)
    with pytest.raises(OSError, match="again and again"):
        for _ in range(100):
            meter.add(1 << 20)
            meter.add(-1 << 20)


def test_open_clip_repositories_are_not_fetched_twice():
    names = ["open_clip_config.json", "config.json", "open_clip_model.safetensors", "model.safetensors",
             "open_clip_pytorch_model.bin", "vocab.json", "merges.txt"]
    listing = [RemoteFile(name, 1, None) for name in names]
    chosen = [file.path for file in choose_files(listing, ("*.safetensors", "*.json", "*.txt", "*.bin"))]
    assert chosen == ["open_clip_config.json", "config.json", "open_clip_model.safetensors", "vocab.json", "merges.txt"]
    listing = [file for file in listing if not file.path.startswith("open_clip_m")]
    assert "model.safetensors" in [file.path for file in choose_files(listing, ("*",))]


def choose(*names: str) -> list[str]:
    return sorted(file.path for file in choose_files([RemoteFile(name, 1, None) for name in names], ("*",)))


SMALL = ["model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json", "tokenizer/vocab.json",
         "unet/config.json", "vae/config.json"]
HALF = ["text_encoder/model.fp16.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.fp16.safetensors"]
WHOLE = [name.replace(".fp16", "") for name in HALF]


def test_of_a_pipeline_only_what_is_read_is_fetched():
    more = ["v1-5-pruned.safetensors", "v1-5-pruned-emaonly.safetensors", "safety_checker/model.safetensors",
            "safety_checker/model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.safetensors",
            "feature_extractor/preprocessor_config.json"]
    assert choose(*SMALL, *HALF, *WHOLE, *more) == sorted(SMALL + HALF)
    assert choose(*SMALL, *WHOLE, *more) == sorted(SMALL + WHOLE)
    # Half precision of one network only would leave the others without weights.
    assert choose(*SMALL, HALF[1], *WHOLE) == sorted(SMALL + WHOLE)
    assert choose(*SMALL, *HALF) == sorted(SMALL + HALF)


def test_shards_of_a_pipeline_stay_together():
    shards = [f"unet/diffusion_pytorch_model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    halves = [f"unet/diffusion_pytorch_model.fp16-0000{i}-of-00002.safetensors" for i in (1, 2)]
    index = "unet/diffusion_pytorch_model.safetensors.index.json"
    assert choose(*SMALL, *shards, index) == sorted([*SMALL, *shards, index])
    assert choose(*SMALL, *shards, *halves, index) == sorted([*SMALL, *halves, index])


def test_a_pipeline_of_one_network_beside_its_index_is_fetched_whole():
    names = ["config.json", "diffusion_pytorch_model.safetensors", "model_index.json", "scheduler_config.json"]
    assert choose(*names) == names
