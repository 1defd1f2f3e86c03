"""The app served once for all browser tests, one Chromium, and visitors who must have nothing to complain about."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")

from tests.app.visitor import ClipVisitor  # noqa: E402

CHROMIUM = os.environ.get("EPOCHS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--no-first-run", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
             # A name that anything looks up is not found, so nothing can leave unnoticed and succeed.
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]

VISITORS = pytest.StashKey[list[ClipVisitor]]()


# Package, not session: Playwright's event loop must be gone before other tests run their own.
@pytest.fixture(scope="package")
def server() -> Iterator[str]:
    """The address of the app. It runs in this process, where `no_network` sees what it reaches for."""
    import app

    for demo in app.find_demos():
        demo.warm()                              # here, not while the first visitor waits and a test counts
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    app.demo.launch(**app.launch_options(), server_name="127.0.0.1", server_port=port, prevent_thread_lock=True,
                    quiet=True)
    yield f"http://127.0.0.1:{port}"
    app.demo.close()


@pytest.fixture(scope="package")
def chromium() -> Iterator[playwright_api.Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with playwright_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def profile(chromium, server: str) -> playwright_api.BrowserContext:
    """One browser profile for visitors who need not be strangers to each other: its caches make pages quick."""
    return new_profile(chromium, server)


def new_profile(chromium, server: str) -> playwright_api.BrowserContext:
    context = chromium.new_context(accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write", "camera"], origin=server)
    return context


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.when == "call" and "invite" in item.fixturenames:
        report.sections.extend((f"visitor {n}", visitor.diary()) for n, visitor in enumerate(item.stash.get(VISITORS, ()), 1))
    return report


@pytest.fixture
def invite(request, server: str, chromium, profile) -> Iterator[Callable[..., ClipVisitor]]:
    """`invite("/zh", size=PHONE)`: a new visitor on that page; fails the test on what they complain about.

    `stranger=True` gives them a browser profile of their own; a path of None leaves the page unopened.
    """
    visitors: list[ClipVisitor] = request.node.stash.setdefault(VISITORS, [])
    own: list[playwright_api.BrowserContext] = []

    def call(path: str | None = "/", *, stranger: bool = False, **options: object) -> ClipVisitor:
        if stranger:
            own.append(new_profile(chromium, server))
        visitors.append(ClipVisitor(own[-1] if stranger else profile, server, **options))
        return visitors[-1] if path is None else visitors[-1].open(path)

    yield call
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for closing in (*visitors, *own):
        closing.close()
    assert not complaints, complaints
