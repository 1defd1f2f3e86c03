"""Which device computes, in which number format, and how much memory it has left.

Importing this module imports no torch; asking about system memory does not either, so that the page
can say what fits before any model library is loaded.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHOICES = ("cpu", "cuda", "mps")
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Device:
    """A place to compute.

    Attributes:
        name: what torch calls it: "cpu", "cuda:0", "mps".
        label: what a person calls it, such as the processor's or graphics card's model.
        dtype: name of the torch dtype that suits full-size models there.
        total: bytes of memory; `free`: bytes of it not in use when asked.
    """

    name: str
    label: str
    dtype: str
    total: int
    free: int


def pick_device() -> Device:
    """The best device of this machine as accelerate sees it, or the one `EPOCHS_DEVICE` names.

    Raises:
        ValueError: `EPOCHS_DEVICE` names no known or no available device.
    """
    name = _device_name()
    return Device(name, _label(name), pick_dtype(name), _total_memory(name), free_memory(name))


def pick_dtype(device: str) -> str:
    """The torch dtype for weights on `device`: float32 on a CPU, half precision on a GPU.

    bfloat16 where the hardware multiplies it (compute capability 8 and up; torch's own question also
    says yes to slow emulation), else float16.
    """
    if device == "cpu":
        return "float32"
    if device == "mps":
        return "float16"
    import torch
    from accelerate.utils import is_bf16_available

    native = torch.cuda.get_device_capability(device) >= (8, 0)
    return "bfloat16" if native and is_bf16_available() else "float16"


def free_memory(device: str = "cpu") -> int:
    """Bytes a model may still take on `device`; for "cpu" and "mps" (unified memory) without torch."""
    if device in ("cpu", "mps"):
        import psutil

        free = psutil.virtual_memory().available
        limit = _cgroup_limit()
        return free if limit is None else max(0, min(free, limit - _cgroup_used()))
    from accelerate.utils import get_max_memory

    index = int(device.partition(":")[2] or 0)
    return int(get_max_memory().get(index, 0))


def usable_cpus() -> int:
    """CPU cores this process may use: by affinity and by the container's quota, whichever is less.

    Inside a container torch counts the host's cores, starts a thread on each and crawls.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _read(_CGROUP / "cpu.max").split()
    if len(quota) == 2 and quota[0].isdigit() and int(quota[1]) > 0:
        cores = min(cores, max(1, round(int(quota[0]) / int(quota[1]))))
    return cores


def has_graphics_card() -> bool:
    """Whether models will probably run on something faster than the processor, told without torch."""
    wish = os.environ.get("EPOCHS_DEVICE", "").strip().lower()
    if wish:
        return wish != "cpu"
    # The driver on Linux, WSL's own device, the tool that the driver brings on every system.
    nvidia = any(Path(path).exists() for path in ("/proc/driver/nvidia", "/dev/dxg")) or shutil.which("nvidia-smi")
    return bool(nvidia) or (platform.system(), platform.machine()) == ("Darwin", "arm64")


@cache
def processor_gigaflops() -> float:
    """10^9 float32 operations a second of this processor on matrix products, measured once (about 0.1 s)."""
    import numpy as np

    side = 1024
    matrix = np.ones((side, side), np.float32)
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - began)
    return 2 * side ** 3 / best / 1e9


def limit_threads() -> None:
    """Give torch as many threads as there are usable cores, never more than it chose itself."""
    import torch

    torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))


def _device_name() -> str:
    import torch

    wish = os.environ.get("EPOCHS_DEVICE", "").strip().lower()
    if wish and wish not in CHOICES:
        raise ValueError(f"EPOCHS_DEVICE={wish!r} is not one of {CHOICES}")
    if wish == "cpu":
        return "cpu"
    if wish == "cuda" and not torch.cuda.is_available():
        raise ValueError("EPOCHS_DEVICE='cuda', but torch finds no CUDA device")
    if wish == "mps" and not torch.backends.mps.is_available():
        raise ValueError("EPOCHS_DEVICE='mps', but torch finds no MPS device")
    if wish == "mps":
        return "mps"
    from accelerate import PartialState

    device = PartialState().device
    if device.type == "cuda":
        return f"cuda:{device.index or 0}"
    return device.type if device.type in CHOICES else "cpu"


def _label(name: str) -> str:
    if name.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name(name)
    return _cpu_model()


def _cpu_model() -> str:
    for line in _read(Path("/proc/cpuinfo")).splitlines():
        if line.lower().startswith("model name"):
            return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        found = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"],
                               capture_output=True, text=True, check=False)
        if found.stdout.strip():
            return found.stdout.strip()
    return platform.processor() or platform.machine() or "CPU"


def _total_memory(name: str) -> int:
    if name.startswith("cuda"):
        import torch

        return torch.cuda.get_device_properties(name).total_memory
    import psutil

    total = psutil.virtual_memory().total
    limit = _cgroup_limit()
    return total if limit is None else min(total, limit)


def _cgroup_limit() -> int | None:
    """The container's memory limit in bytes, None where there is none (or no cgroup v2)."""
    text = _read(_CGROUP / "memory.max")
    return int(text) if text.isdigit() else None


def _cgroup_used() -> int:
    """Bytes the container holds, without the file cache that the kernel gives back when asked."""
    used = _read(_CGROUP / "memory.current")
    cache = 0
    for line in _read(_CGROUP / "memory.stat").splitlines():
        if line.startswith(("inactive_file ", "active_file ")):
            cache += int(line.split()[1])
    return max(0, int(used) - cache) if used.isdigit() else 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
