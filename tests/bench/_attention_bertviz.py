"""The overview against BertViz's model view: the same maps of the same text in the same Chromium.

BertViz must be installed beside this project: `pip install ipython && pip install --no-deps bertviz` (its other
dependencies, boto3 among them, serve its neuron view alone). Its scripts come from the npm registry (`npm pack`).
Where either is missing, a line on stderr says so and there is no figure.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from demos.base.attention.checkpoints import POCKET_CAUSAL
from tests.bench.figure import Figure
from tests.bench.serving import LAPTOP, open_page

DEMO = "attention_viewer"
ROUNDS, WARM = 5, 1
CDN = re.compile(r"https://cdnjs\.cloudflare\.com/ajax/libs/([\w.]+)/([\d.]+)/[\w./]*\w")
# BertViz's name of a library -> npm's, and the file in the package; a version npm does not have -> the next one it has.
PACKAGES = {"require.js": ("requirejs", "require.js"), "d3": ("d3", "dist/d3.min.js"), "jquery": ("jquery", "dist/jquery.min.js")}
NEXT = {"jquery@2.0.0": "jquery@2.1.0"}
SCRIPT = '<script type="text/javascript">'

# The moment a reply reaches the page: when Gradio's client begins to read its JSON.
HOOK = """() => {
  const parse = JSON.parse;
  window.bench = { arrived: NaN };
  JSON.parse = function (text, ...more) {
    const now = performance.now();
    if (typeof text === "string" && text.length > 10000 && text.includes('"stacks"')) bench.arrived = now;
    return parse.call(this, text, ...more);
  };
}"""

# Milliseconds from BertViz's markup and script being handed to the page to two frames after its last line was drawn.
DRAW = """([markup, script]) => new Promise((done, fail) => {
  setTimeout(() => fail(new Error("nothing drawn")), 120000);
  const start = performance.now();
  document.body.innerHTML = markup;
  const tag = document.createElement("script");
  tag.textContent = script;
  document.body.append(tag);
  const lines = document.getElementsByTagName("line");
  let before = 0;
  const look = () => {
    const [now, count] = [performance.now(), lines.length];
    if (count && count === before) { done({ milliseconds: now - start, lines: count }); return; }
    before = count;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""
PRELOAD = """(paths) => new Promise((done, fail) => {
  require.config({ paths });
  requirejs(["jquery", "d3"], () => done(), fail);
})"""


def compare_with_bertviz(browser: Browser, address: str, text: str, click: Callable[[Page], float]) -> Iterator[Figure]:
    """Bytes and drawing time.

    Args:
        address: opens our page with `text` in its box.
        click: asks for an answer -> milliseconds from the reply's arrival (`HOOK`) to two frames after the drawing.
    """
    try:
        from bertviz import model_view
    except ImportError as error:
        print(f"no comparison with BertViz: {error} (pip install ipython && pip install --no-deps bertviz)", file=sys.stderr)
        return
    import torch

    from demos.attention_viewer.infer import look
    from demos.attention_viewer.schema import Request
    from demos.attention_viewer.view import stage_value

    request = Request(text, checkpoint=POCKET_CAUSAL.id)
    result = look(request)
    maps = result.maps[0].p
    ours = json.dumps(stage_value(request, result, POCKET_CAUSAL)).encode()
    tokens = [token.text for token in result.tokens["source"]]
    html = model_view([torch.from_numpy(layer)[None] for layer in maps], tokens, html_action="return").data
    program = (Path(sys.modules["bertviz"].__file__).parent / "model_view.js").read_text(encoding="utf-8")
    theirs = html.encode()
    data = len(theirs) - len(program.encode())
    what = f"{maps.shape[0]} layers x {maps.shape[1]} heads, {len(tokens)} tokens, the same maps of the pocket causal model"
    yield Figure(DEMO, "bertviz_bytes_ratio", data / len(ours), "ratio", 5,
                 f"{what}: bertviz.model_view's HTML less its program ({data / 1e3:.0f} KB) over the JSON of our stage with "
                 f"statistics and answer ({len(ours) / 1e3:.0f} KB), no script counted on either side; gzipped (its program "
                 f"included) {len(gzip.compress(theirs)) / 1e3:.0f} and {len(gzip.compress(ours)) / 1e3:.0f} KB; BertViz keeps each "
                 f"probability as a float's digits, our overview a step of 256 of its root (a head in full is asked for when "
                 f"it is looked at)", at_least=True)
    with tempfile.TemporaryDirectory() as scratch:
        libraries = _fetch_libraries(html, Path(scratch))
        if libraries is not None:
            yield _time_drawing(browser, address, click, html, libraries, what)


def _fetch_libraries(html: str, folder: Path) -> dict[str, tuple[str, Path]] | None:
    """The scripts that BertViz's page asks for: address (without ".js") -> (package in words, file); None where they cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        print("no comparison with BertViz's drawing: npm is not installed", file=sys.stderr)
        return None
    found = {}
    for match in CDN.finditer(html):
        name, file = PACKAGES[match[1]]
        asked = f"{name}@{match[2]}"
        package = NEXT.get(asked, asked)
        place = folder / name
        place.mkdir(exist_ok=True)
        done = subprocess.run([npm, "pack", package, "--pack-destination", str(place)], cwd=folder, capture_output=True, text=True)
        archive = next(place.glob("*.tgz"), None)
        if done.returncode or archive is None:
            print(f"no comparison with BertViz's drawing: npm pack {package}: {done.stderr.strip()[-300:]}", file=sys.stderr)
            return None
        with tarfile.open(archive) as packed:
            packed.extractall(place, filter="data")
        label = package if package == asked else f"{package} (npm has no {asked})"
        found[match[0].removesuffix(".js")] = (label, place / "package" / file)
    return found


def _time_drawing(browser: Browser, address: str, click: Callable[[Page], float], html: str,
                  libraries: dict[str, tuple[str, Path]], what: str) -> Figure:
    markup, _, rest = html.partition(SCRIPT)
    markup, script = re.sub(r"<script src=[^>]*></script>", "", markup), rest.rpartition("</script>")[0]
    ours, theirs, lines = [], [], 0
    for number in range(-WARM, ROUNDS):
        page = open_page(browser, address)
        page.evaluate(HOOK)
        mine = click(page)
        page.context.close()
        page = _bertviz_page(browser, libraries)
        found = page.evaluate(DRAW, [markup, script])
        page.context.close()
        lines = found["lines"]
        if number >= 0:
            ours.append(mine)
            theirs.append(found["milliseconds"])
    a, b = median(ours), median(theirs)
    if math.isnan(a):
        raise RuntimeError("the reply's arrival was not seen")
    packages = ", ".join(words for words, _ in libraries.values())
    return Figure(DEMO, "bertviz_drawn_ratio", b / a, "ratio", 3,
                  f"{what}, each in a freshly opened page of the same Chromium, its scripts loaded before: BertViz from its HTML "
                  f"being set to two frames after its {lines:,} lines were there ({b:.0f} ms), over ours from the reply's arrival, "
                  f"before its JSON is read, to two frames after tokens, overview and answer were drawn ({a:.0f} ms); medians of "
                  f"{ROUNDS}, in turn; {packages}", at_least=True)


def _bertviz_page(browser: Browser, libraries: dict[str, tuple[str, Path]]) -> Page:
    """An empty page in which the libraries of BertViz's notebook are loaded, served from this machine."""
    page = browser.new_context(viewport=LAPTOP).new_page()
    page.set_default_timeout(120_000)
    files = {f"{url}.js": path for url, (_, path) in libraries.items()}
    page.route("https://cdnjs.cloudflare.com/**",
               lambda route: route.fulfill(path=files[route.request.url], content_type="text/javascript"))
    first = next(url for url in libraries if "/require.js/" in url)
    page.set_content(f'<!doctype html><meta charset="utf-8"><title>BertViz</title><script src="{first}.js"></script>')
    page.evaluate(PRELOAD, {url.split("/libs/")[1].split("/")[0]: url for url in libraries if url != first})
    return page
