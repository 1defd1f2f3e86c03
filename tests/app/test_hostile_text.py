"""Text that would like to be markup or program: shown as text everywhere, run nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from demos.clip_zero_shot.schema import tidy
from demos.registry import find_demos

HOSTILE = (
    "<img src=x onerror=window.__pwned=1>", "<script>window.__pwned=2</script>", "${window.__pwned=3}",
    "{{window.__pwned=4}}", "{{{window.__pwned=5}}}", '"><svg onload=window.__pwned=6>', "`${window.__pwned=7}`",
    "</textarea><script>window.__pwned=8</script>", "javascript:window.__pwned=9", "{label} {n} {0}", "%s %(x)s $& $1",
    "\\u003cimg src=x onerror=window.__pwned=10\\u003e", "&lt;b&gt; &amp;", "]]><!--",
)
# Hebrew, and an override that would turn the rest of a line around.
RIGHT_TO_LEFT = ("\u05d7\u05ea\u05d5\u05dc", "\u202egnp.exe")
UNTOUCHED = "() => window.__pwned === undefined && !document.querySelector('img[src=x], svg[onload]')"


def test_hostile_labels_templates_and_queries_are_text(invite) -> None:
    visitor = invite("/?demo=clip_zero_shot")
    page = visitor.page
    labels = (*HOSTILE, *RIGHT_TO_LEFT, "bell\u0007 nul\u0000 end")
    visitor.open_advanced()
    visitor.write("labels", "\n".join(labels))
    visitor.write("templates", "\n".join("{} " + text.replace("{}", "") for text in HOSTILE[:8]))
    rows = visitor.run()
    # Control characters become their visible pictures, overrides of direction go; all else is shown letter for letter.
    names = {tidy(label) for label in labels}
    assert {row["name"] for row in rows} == names and names >= {*HOSTILE, "gnp.exe", "bell\u2407 nul\u2400 end"}
    for name in (row["name"] for row in rows[:3]):
        assert page.get_by_role("button", name=f"Drop {name}", exact=True).count() == 1
    assert page.evaluate(UNTOUCHED)
    # A label that reads from the right leaves its row, and the sentence below, as they are.
    boxes = [page.locator("li.row").nth(i).locator(".name").bounding_box()["x"] for i in range(len(rows))]
    assert max(boxes) - min(boxes) < 1

    visitor.write("query", HOSTILE[0] + HOSTILE[2] + HOSTILE[3])
    visitor.part("search").click()
    visitor.part("glyphs").locator("li").first.wait_for()
    assert HOSTILE[0] in page.locator(".search-section .facts-sentence").inner_text()
    visitor.write("templates", HOSTILE[1] + " without a slot")
    visitor.part("run").click()
    assert HOSTILE[1] in visitor.wait_for_banner()
    assert page.evaluate(UNTOUCHED)

    take = page.locator("#clip_zero_shot .take")
    for kind in ("SVG", "JSON", "PNG"):
        with page.expect_download() as waiting:
            take.get_by_role("button", name=kind, exact=True).click()
        saved = Path(waiting.value.path()).read_bytes()
        if kind == "SVG":
            root = ElementTree.fromstring(saved)
            assert {node.tag.rpartition("}")[2] for node in root.iter()} <= {"svg", "title", "desc", "rect", "g", "text"}
            assert all(not key.startswith("on") for node in root.iter() for key in node.attrib)
            # Opened by itself it runs nothing, either.
            page.goto("about:blank")
            page.set_content(saved.decode())
            assert page.evaluate("window.__pwned") is None
            visitor.open("/?" + urlencode({"demo": "clip_zero_shot", "labels": "\n".join(labels[:-1])}))
            rows = visitor.run()
        elif kind == "JSON":
            assert {row["label"] for row in json.loads(saved)["rows"]} == names - {tidy(labels[-1])}
        else:
            assert saved.startswith(b"\x89PNG")


@pytest.mark.parametrize("path", ["/", "/zh"])
def test_hostile_text_in_the_address(invite, path: str) -> None:
    query = urlencode({"demo": "clip_zero_shot", "labels": "\n".join(HOSTILE), "templates": HOSTILE[2] + "{}" + HOSTILE[0],
                       "query": HOSTILE[0], "emoji": "<\u00e9>", HOSTILE[0]: HOSTILE[1], "hide": "<script>,a{},*,body"})
    visitor = invite(f"{path}?{query}")
    page = visitor.page
    page.locator("#page-banner .banner").wait_for()
    # The note says that something was ignored, in our words alone.
    assert "pwned" not in page.locator("#page-banner").inner_text()
    assert visitor.read("labels") == "\n".join(HOSTILE)
    assert page.locator("body").is_visible() and visitor.part("run").is_visible()
    assert {row["name"] for row in visitor.run()} == set(HOSTILE)
    assert page.evaluate(UNTOUCHED)


# Half of a surrogate pair is a string for JavaScript, and none for UTF-8.
def test_half_a_character(invite) -> None:
    visitor = invite("/?demo=clip_zero_shot")
    visitor.page.evaluate("""() => { const box = document.querySelector('#clip_zero_shot-labels textarea');
        box.value = 'cat\\n\\ud83d half'; box.dispatchEvent(new Event('input', { bubbles: true })); }""")
    visitor.part("run").click()
    visitor.page.locator("#clip_zero_shot li.row, #clip_zero_shot .banner.error").first.wait_for()
    for kind in ("SVG", "PNG", "CSV"):
        button = visitor.page.locator("#clip_zero_shot .take").get_by_role("button", name=kind, exact=True)
        if button.is_enabled():
            with visitor.page.expect_download(timeout=8000):
                button.click()
    visitor.write("labels", "cat\ndog")
    assert len(visitor.run()) == 2


NOTED = {
    "unknown demo": "demo=no_such_demo",
    "bogus names": "demo=clip_zero_shot&seed=5&__proto__=1&constructor=2&x[]=3&=4",
    "20 kB": "demo=clip_zero_shot&labels=" + "a" * 20_000,
    "NUL": "demo=clip_zero_shot&labels=a%00b",
    "emoji that is none": "demo=clip_zero_shot&emoji=abc",
    "model elsewhere": "demo=clip_zero_shot&model=https://example.org/model.safetensors",
    "model in no place": "demo=clip_zero_shot&model=a%00b",
}
QUIET = {
    "percent": "demo=clip_zero_shot&labels=%zz%E0%A4%A",
    "language": "demo=clip_zero_shot&lang=../../etc/passwd",
    "twice": "demo=bogus&demo=clip_zero_shot&lang=xx&present=7&present=1&labels=a&labels=b",
    "hide": "demo=clip_zero_shot&hide=<script>alert(1)</script>,../x,{},labels{}body",
    "many": "demo=clip_zero_shot&" + "&".join(f"hide={i}" for i in range(500)),
}


# Every other address in each language: reading them is tested in both, without a browser.
@pytest.mark.parametrize("path", ["/", "/zh"])
def test_hostile_addresses_leave_a_working_page(invite, path: str) -> None:
    visitor = invite(None)
    for what, query in list({**NOTED, **QUIET}.items())[path == "/zh"::2]:
        visitor.open(f"{path}?{query}")
        page = visitor.page
        if what in NOTED:
            page.locator("#page-banner .banner.note").wait_for(timeout=5000)
        else:
            assert page.locator("#page-banner .banner").count() == 0, what
        assert page.evaluate("document.documentElement.lang") == ("en" if path == "/" else "zh"), what
        if "demo=clip_zero_shot" not in query:   # the first demo stands in for one that does not exist
            assert page.locator(f"#{find_demos()[0].id}-run").is_visible(), what
            continue
        assert visitor.part("run").is_visible() and visitor.rows() == [], what
        assert visitor.read("labels"), what
    assert len(visitor.run()) >= 1
    assert visitor.page.evaluate(UNTOUCHED)
