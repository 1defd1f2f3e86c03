"""The objective in a browser: its numbers are those of the paper's formulas, and it needs no server to turn them."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.clip_objective.objective import gradient, sigmoid_gradient, sigmoid_loss, symmetric_cross_entropy
from tests import pictures
from tests.app.visitor import PHONE, Visitor

ID = "clip_objective"
HOME = f"/?demo={ID}"
HOSTILE = ("<img src=x onerror=window.__pwned=1>", "${window.__pwned=2} {value}", "=1+1", "</svg><script>window.__pwned=3</script>")


def part(visitor: Visitor, selector: str, **options: object):
    return visitor.page.locator(f"#{ID} {selector}", **options)


def run_number(visitor: Visitor) -> str | None:
    return visitor.page.evaluate(f"document.querySelector('#{ID} .obj')?.dataset.run ?? null")


def run(visitor: Visitor, button: str | None = None) -> None:
    """Presses the button (or the one of that name) and waits for the new answer."""
    before = run_number(visitor)
    (visitor.page.locator(f"#{ID}-run") if button is None else part(visitor, f"button:text-is('{button}')")).click()
    visitor.page.wait_for_function(f"before => {{ const run = document.querySelector('#{ID} .obj')?.dataset.run;"
                                   " return run && run !== before }", arg=before, timeout=60_000)


def open_home(invite, path: str = HOME, **options: object) -> Visitor:
    visitor = invite(path, **options)
    part(visitor, ".tray-item").first.wait_for()
    return visitor


def values(visitor: Visitor) -> list[list[str]]:
    """What the matrix shows, row by row."""
    return visitor.page.evaluate(f"[...document.querySelectorAll('#{ID} .obj-matrix tbody tr')].map((row) =>"
                                 " [...row.querySelectorAll('td')].map((cell) => cell.textContent))")


def losses(visitor: Visitor) -> list[float]:
    return [float(words) for words in part(visitor, ".obj-loss-value").all_inner_texts()]


def show(visitor: Visitor, key: str) -> None:
    part(visitor, f"[data-key={key}]").click()


def download(visitor: Visitor, kind: str) -> bytes:
    with visitor.page.expect_download() as waiting:
        part(visitor, ".take").get_by_role("button", name=kind, exact=True).click()
    return Path(waiting.value.path()).read_bytes()


def unit(n: int, seed: int, width: int = 7) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, width))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_browser_computes_what_python_and_torch_do(invite) -> None:
    page = invite(HOME).page
    compare_losses_and_gradients(page)
    compare_a_step(page)


def compare_losses_and_gradients(page) -> None:
    for n in (1, 2, 12):
        images, texts = unit(n, 1), unit(n, 2)
        cosines = images @ texts.T
        for scale in (1.0, 24.4, 500.0):
            got = page.evaluate("([S, s]) => epochs.objective.softmax(S, s)", [cosines.tolist(), scale])
            loss = symmetric_cross_entropy(cosines, scale)
            assert [got["imageToText"], got["textToImage"]] == pytest.approx([loss.image_to_text, loss.text_to_image], abs=1e-9)
            assert np.array(got["gradient"]) == pytest.approx(gradient(cosines, scale), abs=1e-9)
            assert np.sum(got["rows"], axis=1) == pytest.approx(1) and np.sum(got["columns"], axis=0) == pytest.approx(1)
            assert got["chance"] == pytest.approx(math.log(n))
            got = page.evaluate("([S, s]) => epochs.objective.sigmoid(S, s, -8)", [cosines.tolist(), scale])
            assert got["loss"] == pytest.approx(sigmoid_loss(cosines, scale, -8), abs=1e-9)
            assert np.array(got["gradient"]) == pytest.approx(sigmoid_gradient(cosines, scale, -8), abs=1e-9)
        bias = page.evaluate("(S) => epochs.objective.fittedBias(S, 24.4)", cosines.tolist())
        if n > 1:
            around = [sigmoid_loss(cosines, 24.4, bias + step) for step in (-0.05, 0, 0.05)]
            assert around[1] == min(around)


def compare_a_step(page) -> None:
    """A step follows torch's gradient along the sphere."""
    import torch

    images, texts = unit(5, 3), unit(5, 4)
    got = page.evaluate("([u, v]) => epochs.objective.descend(u, v, (S) => epochs.objective.softmax(S, 20), 1e-4)",
                        [images.tolist(), texts.tolist()])
    u, v = torch.tensor(images, requires_grad=True), torch.tensor(texts, requires_grad=True)
    logits, labels = 20 * u @ v.T, torch.arange(5)
    loss = (torch.nn.functional.cross_entropy(logits, labels) + torch.nn.functional.cross_entropy(logits.T, labels)) / 2
    loss.backward()
    for start, slope, moved in ((images, u.grad.numpy(), got["images"]), (texts, v.grad.numpy(), got["texts"])):
        along = slope - (slope * start).sum(axis=1, keepdims=True) * start
        assert np.array(moved) - start == pytest.approx(-1e-4 * along, abs=1e-6)
        assert np.linalg.norm(moved, axis=1) == pytest.approx(1)
    assert got["loss"] < loss.item() and got["rate"] == 1e-4


def test_four_animals(invite) -> None:
    visitor = open_home(invite)
    run(visitor)
    cosines = np.array([[float(words.replace("\u2212", "-")) for words in row] for row in values(visitor)])
    assert cosines.shape == (4, 4) and (cosines.argmax(axis=1) == range(4)).all()
    rows, columns, mean = losses(visitor)
    assert mean == pytest.approx((rows + columns) / 2, abs=0.001) and mean < math.log(4)
    assert f"{mean:.3f}" in part(visitor, ".facts-sentence").first.inner_text()
    assert part(visitor, "td.obj-pair").count() == 4
    show(visitor, "rows")
    assert all(sum(float(w.rstrip("%")) for w in row) == pytest.approx(100, abs=1.5) for row in values(visitor))
    show(visitor, "columns")
    assert all(sum(float(w.rstrip("%")) for w in column) == pytest.approx(100, abs=1.5) for column in zip(*values(visitor), strict=True))

    show(visitor, "cosine")
    # Turning the scale needs no server.
    before, sent = losses(visitor), len(visitor.requests)
    slider = part(visitor, "#objective-scale")
    slider.fill("0")                             # 1: nobody can sound sure
    flat = losses(visitor)
    assert before[2] < flat[2] < math.log(4) + 0.1
    part(visitor, "button:text-is('as trained')").click()
    assert losses(visitor) == before
    show(visitor, "sigmoid")
    assert len(losses(visitor)) == 1 and "no bias" in part(visitor, ".obj-note").first.inner_text()
    show(visitor, "cells")
    assert all(words.endswith("%") for row in values(visitor) for words in row)
    show(visitor, "softmax")
    assert losses(visitor) == before and visitor.requests[sent:] == []


def test_wrong_captions_then_steps_then_reset(invite) -> None:
    visitor = open_home(invite)
    part(visitor, ".guess-options button").nth(2).click()
    run(visitor)
    part(visitor, ".guess .badge.live").wait_for()                   # the prediction is answered by the run
    assert f"{math.log(4):.2f}" in part(visitor, ".guess-answer").inner_text()
    right, before = losses(visitor), values(visitor)
    part(visitor, "button:text-is('Move the captions on by one')").click()
    wrong = losses(visitor)
    assert wrong[2] > 2 * math.log(4) and part(visitor, ".obj-loss-fill.above").count() == 3
    assert [row[0] for row in values(visitor)] == [row[1] for row in before]
    show(visitor, "gradient")
    assert all(values(visitor)[i][i].startswith("\u2212") for i in range(4))      # every pair is pulled together
    part(visitor, "button:text-is('One gradient step')").click()
    after = losses(visitor)
    assert after[2] < wrong[2]
    part(visitor, "button:text-is('20 steps')").click()
    part(visitor, ".obj-trace", has_text="Steps taken: 21").wait_for()
    assert losses(visitor)[2] < right[2] + 0.5   # the wrong pairs are right ones now
    part(visitor, "button:text-is('Reset')").click()
    show(visitor, "cosine")
    assert losses(visitor) == right and values(visitor) == before
    walk_by_keyboard(visitor)


def test_a_link_brings_pairs_scale_view_and_shift(invite) -> None:
    visitor = open_home(invite)
    run(visitor, "Two captions swapped")
    show(visitor, "springs")
    part(visitor, "button:text-is('Move the captions on by one')").click()
    part(visitor, "#objective-scale").fill("0.8")
    show(visitor, "sigmoid")
    wanted = losses(visitor)
    visitor.page.wait_for_function("() => ['pairs', 'scale', 'view', 'shift', 'objective'].every((k) => new URLSearchParams(location.search).has(k))")
    other = open_home(invite, visitor.page.url.removeprefix(visitor.server))
    assert other.page.locator("#page-banner .banner").count() == 0
    run(other)
    assert losses(other) == wanted and part(other, "svg.obj-springs image").count() == 4


def walk_by_keyboard(visitor: Visitor) -> None:
    cell = part(visitor, ".obj-matrix tbody td")
    cell.first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp"):
        visitor.page.keyboard.press(key)
    assert visitor.page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("picture 1, caption 3")
    detail = part(visitor, ".obj-detail").inner_text()
    assert "Picture 1" in detail and "a penguin" in detail and re.search(r"Cosine \u2212?0\.\d{3}", detail)
    assert part(visitor, ".obj-matrix td[tabindex='0']").count() == 1


def test_one_pair_and_equal_pairs(invite) -> None:
    visitor = open_home(invite, HOME + "&pairs=%F0%9F%90%B1%20a%20cat")
    run(visitor)
    assert losses(visitor) == [0, 0, 0] and "single pair" in part(visitor, ".obj-notes").inner_text()
    assert part(visitor, "button:text-is('One gradient step')").is_disabled()
    for key in ("rows", "gradient", "springs", "sigmoid", "cells"):
        show(visitor, key)
    assert part(visitor, ".guess .badge").count() == 0
    show(visitor, "softmax")
    run(visitor, "The same cat twice")
    assert "0.347" in part(visitor, ".obj-notes").inner_text()      # ln 2 for two of four
    assert losses(visitor)[2] >= 0.346


def test_an_upload_waits_for_its_caption(invite) -> None:
    visitor = open_home(invite)
    run(visitor)
    before = run_number(visitor)
    part(visitor, ".tray input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": pictures.good("PNG")})
    part(visitor, ".banner.note", has_text="Picture 5").wait_for()
    visitor.page.locator(f"#{ID}-run").click()
    part(visitor, ".banner.error", has_text="Picture 5").wait_for()
    assert run_number(visitor) == before         # the last answer stays
    caption = part(visitor, ".tray-caption").nth(4)
    caption.fill("four corners")
    caption.press("Enter")
    visitor.page.wait_for_function(f"() => document.querySelectorAll('#{ID} td.obj-pair').length === 5")
    assert part(visitor, ".banner.error").count() == 0


def test_hostile_captions_are_text_here_and_at_home(invite) -> None:
    visitor = open_home(invite)
    for n, words in enumerate(HOSTILE):
        part(visitor, ".tray-caption").nth(n).fill(words)
    run(visitor)
    assert part(visitor, ".obj-matrix thead .obj-caption").all_inner_texts() == list(HOSTILE)
    cell = part(visitor, "td.obj-pair").first
    cell.click()
    assert HOSTILE[0] in part(visitor, ".obj-detail").inner_text()
    for key in ("gradient", "springs"):
        show(visitor, key)
        root = ElementTree.fromstring(download(visitor, "SVG"))
        assert {node.tag.rpartition("}")[2] for node in root.iter()} <= {"svg", "title", "desc", "rect", "g", "text", "image", "path", "line"}
        assert all(not name.startswith("on") for node in root.iter() for name in node.attrib)
    table = list(csv.DictReader(io.StringIO(download(visitor, "CSV").decode("utf-8-sig"))))
    assert len(table) == 16 and {row["caption"] for row in table} == {*HOSTILE[:2], "'" + HOSTILE[2], HOSTILE[3]}
    record = json.loads(download(visitor, "JSON"))
    cosines = np.array([row["cosine"] for row in record["rows"]]).reshape(4, 4)
    assert record["loss"] == pytest.approx(symmetric_cross_entropy(cosines, record["logit_scale"]).mean, abs=1e-9)
    assert download(visitor, "PNG").startswith(b"\x89PNG")
    assert visitor.page.evaluate("() => window.__pwned === undefined && !document.querySelector('img[src=x]')")
    part(visitor, ".take").get_by_role("button", name="Show the code").click()
    visitor.page.wait_for_function(f"() => document.querySelector('#{ID} pre.code').textContent.includes('def symmetric_cross_entropy(')")


def test_twelve_pairs_on_a_phone_in_chinese(invite) -> None:
    visitor = open_home(invite, f"/zh?demo={ID}", size=PHONE)
    run(visitor, "\u5341\u4e8c\u6837\u4e1c\u897f")
    assert part(visitor, "td.obj-pair").count() == 12
    for key in ("cosine", "rows", "columns", "gradient", "springs"):
        show(visitor, key)
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], key
    show(visitor, "cosine")
    assert part(visitor, ".obj-scroll").evaluate("box => box.scrollWidth > box.clientWidth")     # it scrolls in its own box
    assert visitor.page.evaluate(f"document.querySelector('#{ID}-stage').getBoundingClientRect().top") < PHONE[1]
