"""The house itself: how soon the page can be used, and how much it weighs."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Iterator, Sequence

from tests.app.visitor import READY
from tests.bench.figure import Figure
from tests.bench.serving import chromium, open_page, started_app, wait_until_listening

STARTS, OPENINGS = 3, 5
WARM = 25                     # seconds after which the models that the first visitor starts are in memory


def measure() -> Iterator[Figure]:
    with chromium() as browser:
        yield _page_ready(browser)
    with started_app() as address:
        wait_until_listening(address)
        for path, name in (("/", "page_compressed_kb"), ("/zh", "page_compressed_kb_zh")):
            yield Figure("page", name, compressed_bytes(address, path) / 1000, "KB", 100,
                         f"bytes of {path} as sent to a client that accepts gzip")
        with chromium() as browser:
            yield _one_era(browser, address)


def _page_ready(browser) -> Figure:
    seconds = []
    for _ in range(STARTS + 1):                  # the first start only warms the disk caches
        start = time.perf_counter()
        with started_app() as address:
            wait_until_listening(address)
            open_page(browser, address).context.close()
            seconds.append(time.perf_counter() - start)
    return Figure("page", "page_ready_seconds", statistics.median(seconds[1:]), "s", 6,
                  f"from starting python app.py to a restored page in a running Chromium with an empty cache; "
                  f"median of {STARTS} after one that warmed the disk caches")


def _one_era(browser, address: str) -> Figure:
    """A page with one era's demos, against the page with all of them, which is sent to whoever is logged in."""
    whole = browser.new_context()
    whole.add_cookies([{"name": "access-token-bench", "value": "1", "url": address}])
    open_page(browser, address).context.close()
    time.sleep(WARM)
    ours, theirs = _openings((browser.new_context(), whole), f"{address}/?demo=clip_zero_shot")
    return Figure("page", "opening_over_all_eras", ours / theirs, "ratio", 0.8, _HOW.format(ours, theirs))


_HOW = f"from the page's arrival to a restored page, all else cached: {{:.2f}} s to {{:.2f}} s, medians of {OPENINGS}, interleaved"


def _openings(contexts: Sequence, address: str) -> Iterator[float]:
    """-> the median seconds of each of the browser's profiles, which take turns."""
    found: list[list[float]] = [[] for _ in contexts]
    for turn in range(OPENINGS + 1):             # the first opening fills the browser's cache
        for context, seconds in zip(contexts, found):
            page = context.new_page()
            page.goto(address)
            page.wait_for_selector(READY, state="attached", timeout=120_000)
            if turn:
                seconds.append(page.evaluate(
                    "(performance.now() - performance.getEntriesByType('navigation')[0].responseEnd) / 1000"))
            page.close()
    return map(statistics.median, found)


def compressed_bytes(address: str, path: str) -> int:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    if reply.status != 200 or reply.headers["Content-Encoding"] != "gzip":
        raise RuntimeError(f"{path}: status {reply.status}, encoding {reply.headers['Content-Encoding']}")
    return len(body)
