import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from demos.base import devices


@pytest.fixture
def cgroup(tmp_path, monkeypatch):
    """A container's limits, as files that a test writes."""
    monkeypatch.setattr(devices, "_CGROUP", tmp_path)
    return tmp_path


def test_asking_for_memory_imports_no_torch():
    code = ("import sys; from demos.base import devices, checkpoints, loader, compute, clip;"
            "assert devices.free_memory() > 0; sys.exit('torch' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_cpu_is_described_for_people(monkeypatch, cgroup):
    monkeypatch.setenv("EPOCHS_DEVICE", "cpu")
    device = devices.pick_device()
    assert (device.name, device.dtype) == ("cpu", "float32")
    assert device.label
    assert 0 < device.free <= device.total == psutil.virtual_memory().total


def test_accelerate_chooses_when_nobody_does(monkeypatch):
    import accelerate
    import torch

    monkeypatch.setattr(accelerate, "PartialState", lambda: SimpleNamespace(device=torch.device("cuda")))
    assert devices._device_name() == "cuda:0"
    monkeypatch.setattr(accelerate, "PartialState", lambda: SimpleNamespace(device=torch.device("xla")))
    assert devices._device_name() == "cpu"


@pytest.mark.parametrize("wish", ["gpu", "cuda", "mps"])
def test_a_device_that_is_not_there_is_said_at_once(wish, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setenv("EPOCHS_DEVICE", wish)
    with pytest.raises(ValueError, match="EPOCHS_DEVICE"):
        devices.pick_device()


@pytest.mark.parametrize("capability, dtype", [((7, 5), "float16"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")])
def test_half_precision_follows_the_hardware(capability, dtype, monkeypatch):
    import accelerate.utils
    import torch

    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(accelerate.utils, "is_bf16_available", lambda: True)
    assert devices.pick_dtype("cuda:0") == dtype


def test_a_graphics_card_reports_its_own_memory(monkeypatch):
    import accelerate.utils

    monkeypatch.setattr(accelerate.utils, "get_max_memory", lambda: {0: 5, 1: 7, "cpu": 9})
    assert devices.free_memory("cuda:1") == 7
    assert devices.free_memory("cuda:3") == 0


def test_a_container_counts_its_own_memory_not_the_hosts(cgroup):
    (cgroup / "memory.max").write_text("1000000\n")
    (cgroup / "memory.current").write_text("700000\n")
    (cgroup / "memory.stat").write_text("anon 5\ninactive_file 100000\nactive_file 50000\n")
    assert devices.free_memory() == 1000000 - (700000 - 150000)


def test_without_a_limit_the_machine_counts(cgroup):
    (cgroup / "memory.max").write_text("max\n")
    assert devices.free_memory() > 1000000


@pytest.mark.parametrize("quota, expected", [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 8), ("", 8)])
def test_cores_follow_the_containers_quota(quota, expected, cgroup, monkeypatch):
    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    (cgroup / "cpu.max").write_text(quota)
    assert devices.usable_cpus() == expected
