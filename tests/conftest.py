"""What every test shares: no network beyond this machine, caches in temporary folders."""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile

# Before any library reads them: an address nobody answers, and a cache that is nobody's own.
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="epochs-tests-")
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
for _name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE",
              "SPACE_ID", "SPACES_ZERO_GPU", "EPOCHS_ANY_CHECKPOINT", "EPOCHS_DEVICE"):
    os.environ.pop(_name, None)

import pytest  # noqa: E402

from demos.registry import find_demos  # noqa: E402
from tests.hub import StandInHub  # noqa: E402

# What a visitor does in a demo can be tested once its pocket model has been trained; its recipe and its parts before.
_WAITING = {demo.id for demo in find_demos(waiting=True) if demo.waits_for}


def pytest_ignore_collect(collection_path) -> bool | None:
    """Leaves out the tab of a demo that waits, as the page does."""
    folder, name = collection_path.parent, collection_path.name
    waits = name in {f"test_{id}.py" for id in _WAITING} and folder.name == "app"
    return True if waits or (name == "test_tab.py" and folder.name in _WAITING) else None


_attempts: list[str] = []


def _is_local(host: object) -> bool:
    """Whether `host` means this machine. Names other than localhost do not: looking one up leaks it."""
    if host in (None, "", "localhost", b"localhost"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text.lower() == socket.gethostname().lower()
    return address.is_loopback or address.is_unspecified


def _guard() -> None:
    """Refuse connections and name look-ups that leave this machine, for the whole session."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo
    send_to = socket.socket.sendto

    def refuse(host: object) -> None:
        _attempts.append(str(host))
        raise ConnectionRefusedError(f"tests may not reach {host!r}")

    def allowed(sock: socket.socket, address: object) -> bool:
        return sock.family not in (socket.AF_INET, socket.AF_INET6) or _is_local(address[0])

    def guarded_connect(self, address):
        return connect(self, address) if allowed(self, address) else refuse(address[0])

    def guarded_connect_ex(self, address):
        return connect_ex(self, address) if allowed(self, address) else refuse(address[0])

    def guarded_sendto(self, data, *rest):
        return send_to(self, data, *rest) if allowed(self, rest[-1]) else refuse(rest[-1][0])

    def guarded_look_up(host, *rest, **named):
        return look_up(host, *rest, **named) if _is_local(host) else refuse(host)

    socket.socket.connect, socket.socket.connect_ex = guarded_connect, guarded_connect_ex
    socket.socket.sendto, socket.getaddrinfo = guarded_sendto, guarded_look_up


_guard()


@pytest.fixture(autouse=True)
def no_network():
    """Fail a test during which anything tried to leave this machine, even where the code hid it.

    Yields the list of hosts that were tried, so that a test of the guard itself can clear it.
    """
    _attempts.clear()
    yield _attempts
    assert not _attempts, f"tried to reach {sorted(set(_attempts))}"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A stand-in for the Hugging Face Hub on this machine, with an empty download cache."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    with StandInHub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server
