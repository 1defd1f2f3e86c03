"""The app as a visitor starts it, and Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
READY = "html[data-epochs=ready]"
LAPTOP = {"width": 1366, "height": 900}


@contextmanager
def started_app() -> Iterator[str]:
    """Starts `python app.py` on a free port; yields its address at once, before it listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def wait_until_listening(address: str, seconds: float = 120) -> None:
    """Raises TimeoutError when nothing listens at `address` after `seconds`."""
    host, _, port = address.removeprefix("http://").partition(":")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"nothing listens at {address} after {seconds} s")


@contextmanager
def chromium() -> Iterator[Browser]:
    path = os.environ.get("EPOCHS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"])
        yield browser
        browser.close()


def open_page(browser: Browser, address: str) -> Page:
    """A page of a new profile (nothing cached), ready to be used."""
    page = browser.new_context(viewport=LAPTOP).new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_selector(READY, state="attached")
    return page
