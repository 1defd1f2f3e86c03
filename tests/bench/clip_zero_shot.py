"""CLIP's tab: from the click to the bars, from the slider to the bars, and against open_clip by itself."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from demos.base.measured import read_metrics
from tests.bench.figure import Figure
from tests.bench.serving import chromium, open_page, started_app, wait_until_listening

DEMO = "clip_zero_shot"
CLICKS, MOVES, CALLS = 20, 40, 30
ANIMALS = ("cat dog lion fox horse cow pig rabbit bear panda monkey elephant penguin owl frog snake fish whale "
           "butterfly spider").split()

# Milliseconds from the click to the frame that shows the new answer: the list carries the answer's
# number, and a message posted from an animation frame arrives once that frame has been painted.
PAINTED = """
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(0);
  }));
"""
CLICK = "(demo) => {" + PAINTED + """
  const list = document.querySelector(`#${demo}-stage ol.ranking`);
  return new Promise((done) => {
    const start = performance.now();
    const watcher = new MutationObserver(() => { watcher.disconnect(); painted().then((end) => done(end - start)); });
    watcher.observe(list, { attributes: true, attributeFilter: ["data-run"] });
    document.querySelector(`#${demo}-run`).click();
  });
}"""
SLIDE = "(place) => {" + PAINTED + """
  const slider = document.querySelector("#clip-scale");
  slider.value = place;
  const start = performance.now();
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  return painted().then((end) => end - start);
}"""


def measure() -> Iterator[Figure]:
    yield from _accuracy()
    with chromium() as browser, started_app() as address:
        wait_until_listening(address)
        yield from _in_the_browser(browser, address)
    yield from _against_open_clip()


def _accuracy() -> Iterator[Figure]:
    """What the recipe measured: read from its file, where its date and machine stand."""
    metrics = read_metrics(DEMO)
    where = "read from weights/clip_zero_shot/metrics.json, {date}, {machine}".format(**metrics["measured"])
    unseen = metrics["zero_shot"]["unseen_twemoji"]
    en, zh = (unseen[language]["ensemble"] for language in ("en", "zh"))
    what = f"zero-shot among all names on {en['n']} Twemoji, a style the twin never saw, ensemble; {where}"
    for name, value, target in (("unseen_twemoji_top1_percent", en["top1"], 60),
                                ("unseen_twemoji_top5_percent", en["top5"], 85)):
        yield Figure(DEMO, name, 100 * value, "%", target, what, at_least=True, read=True)
    yield Figure(DEMO, "unseen_twemoji_chinese_gap_points", 100 * (en["top1"] - zh["top1"]), "points", 5,
                 f"English top-1 less Chinese top-1; {where}", read=True)
    domain = metrics["out_of_domain"]["with_picture"]
    yield Figure(DEMO, "out_of_domain_auroc", domain["auroc"], "AUROC", None,
                 f"{domain['emoji']} emoji against {domain['photographs']} photographs; {where}", read=True)


def _in_the_browser(browser, address: str) -> Iterator[Figure]:
    page = open_page(browser, f"{address}/?demo={DEMO}")
    box = page.locator(f"#{DEMO}-labels textarea")
    box.fill("\n".join(ANIMALS))
    page.locator(f"#{DEMO}-run").click()
    page.wait_for_function("n => document.querySelectorAll('li.row').length === n", arg=len(ANIMALS))
    for _ in range(3):
        page.evaluate(CLICK, DEMO)
    clicks = [page.evaluate(CLICK, DEMO) for _ in range(CLICKS)]
    yield Figure(DEMO, "click_to_bars_ms", statistics.median(clicks), "ms", 150,
                 f"pocket CLIP, one picture, {len(ANIMALS)} labels it has met before, click to painted bars in "
                 f"Chromium; median of {CLICKS}, slowest {max(clicks):.0f}")
    fresh = []
    for i in range(CLICKS):
        box.fill("\n".join(f"{label} number {i}" for label in ANIMALS))
        page.wait_for_timeout(100)               # the address is written by now
        fresh.append(page.evaluate(CLICK, DEMO))
    yield Figure(DEMO, "click_to_bars_new_labels_ms", statistics.median(fresh), "ms", 150,
                 f"the same with {len(ANIMALS)} labels it has never met, every time; median of {CLICKS}, "
                 f"slowest {max(fresh):.0f}")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    moves = [page.evaluate(SLIDE, place) for place in np.random.default_rng(0).random(MOVES).round(3).tolist()]
    yield Figure(DEMO, "rerank_ms", statistics.median(moves), "ms", 30,
                 f"slider event to painted bars, {len(ANIMALS)} labels; median of {MOVES}, slowest {max(moves):.0f}; "
                 f"{len(requests)} requests sent")
    page.context.close()


def _against_open_clip() -> Iterator[Figure]:
    from demos.base.clip.checkpoints import POCKET
    from demos.clip_zero_shot.infer import classify
    from demos.clip_zero_shot.schema import Request

    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    direct = _open_clip_by_itself(picture)

    def ours(labels: list[str]) -> object:
        return classify(Request(picture, tuple(labels), ("a drawing of {}",), POCKET.id))

    for name, more, how in (("classify_vs_open_clip", "", "labels met before"),
                            ("classify_new_labels_vs_open_clip", " {i}", "labels never met")):
        mine, theirs = interleaved(ours, direct, lambda i, more=more: [label + more.format(i=i) for label in ANIMALS])
        yield Figure(DEMO, name, mine / theirs, "ratio", None,
                     f"our classify ({mine:.1f} ms, {how}) to open_clip's encode_image and encode_text called directly "
                     f"({theirs:.1f} ms): one picture, {len(ANIMALS)} labels, 1 template; medians of {CALLS}, interleaved")


def interleaved(one: Callable, other: Callable, labels: Callable[[int], list[str]]) -> tuple[float, float]:
    """Median milliseconds of each, called in turn with the same labels."""
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(-3, CALLS):
        for call, kept in zip((one, other), times, strict=True):
            start = time.perf_counter()
            call(labels(i))
            if i >= 0:                           # the first calls warm both
                kept.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[0]), statistics.median(times[1])


def _open_clip_by_itself(picture: np.ndarray) -> Callable[[list[str]], object]:
    """Zero-shot classification as open_clip's own documentation shows it."""
    import open_clip
    import torch
    from PIL import Image

    from demos.base.clip.checkpoints import POCKET

    address = f"local-dir:{POCKET.folder}"
    network, _, preprocess = open_clip.create_model_and_transforms(address)
    network.float().eval()
    tokenizer = open_clip.get_tokenizer(address)

    def classify(labels: list[str]) -> object:
        with torch.no_grad():
            image_features = network.encode_image(preprocess(Image.fromarray(picture)).unsqueeze(0), normalize=True)
            text_features = network.encode_text(tokenizer([f"a drawing of {label}" for label in labels]), normalize=True)
            return (network.logit_scale.exp() * image_features @ text_features.T).softmax(dim=-1).numpy()

    return classify
