"""The server stays up: requests no page would send, two visitors at once, visitors who leave."""

from __future__ import annotations

import json

import httpx
import pytest
from gradio_client import Client

from demos.registry import find_demos
from tests import pictures

PICTURE = {"source": "upload", "data": pictures.data_uri(pictures.good())}
GOOD = [PICTURE, "cat\ndog", "a drawing of {}", {"id": "pocket"}]
SHOWN = {demo.id for demo in find_demos()}
WAITING = {"moe_routing": "/routing", "moe_surgery": "/operate", "moe_compare": "/compare_mixtures"}     # once their mixtures are trained
TEXTS = {language: next(d for d in find_demos() if d.id == "clip_zero_shot").text(language) for language in ("en", "zh")}


def call(server: str, data: object, name: str = "classify") -> tuple[str, object]:
    """-> ("refused", status) where the server would not start it, else ("complete", outputs) or ("error", ...)."""
    address = f"{server}/gradio_api/call/{name}"
    body = json.dumps({"data": data})            # in ASCII: httpx's own JSON refuses half characters
    joined = httpx.post(address, content=body, headers={"content-type": "application/json"}, timeout=60)
    if joined.status_code != 200:
        return "refused", joined.status_code
    with httpx.stream("GET", f"{address}/{joined.json()['event_id']}", timeout=60) as stream:
        event = ""
        for line in stream.iter_lines():
            kind, _, rest = line.partition(": ")
            if kind == "event":
                event = rest
            elif kind == "data" and event in ("complete", "error"):
                return event, json.loads(rest)
    return "closed", None


def works(server: str) -> bool:
    kind, values = call(server, GOOD)
    return kind == "complete" and values[1]["labels"] == ["cat", "dog"]


@pytest.mark.parametrize("data", [
    [None, None, None, None], [5, 5, 5, 5], [[[[]]], [["a"]], [["{}"]], [["pocket"]]], [{}, "cat", "{}", {}],
    [{"emoji": "\U0001f431"}, "cat", "{}", {"id": "pocket"}], [PICTURE, {"a": 1}, {"b": 2}, {"id": "pocket"}],
    [PICTURE, "cat", "{}", {"id": ["pocket"]}], [PICTURE, "cat", "{}", {"id": "../../etc/passwd"}],
    [PICTURE, "cat\n" * 100_000 + "x" * 10_240, "{}", {"id": "pocket"}], [PICTURE, "cat", "no slot", "pocket"],
    [{"data": pictures.data_uri(b"\0" * (11 * 2**20))}, "cat", "{}", {"id": "pocket"}],
    [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "cat", "{}", {"id": "pocket"}],
    [{"data": "x", "__type__": "update"}, "a", "{}", {"__type__": "update"}],
    [PICTURE, "\ud83d half", "\udc00 {}", {"id": "pocket \ud83d"}],
    [True, 1e308, -1, "\0"],
], ids=["nulls", "numbers", "nested", "empty", "no data", "dicts", "id a list", "folder", "long", "id a text", "11 MB",
        "file", "updates", "half characters", "mixture"])
def test_wrong_types_get_words_or_a_status(server: str, data: list) -> None:
    kind, values = call(server, data)
    if kind == "complete":
        banner, *rest = values
        assert banner["kind"] == "error" and banner["message"]
        assert "root:" not in json.dumps(values)
    else:
        assert kind in ("refused", "error") and "Traceback" not in str(values) and "/site-packages/" not in str(values)
    assert works(server)


@pytest.mark.parametrize("data", [[], [PICTURE], "text", {"a": 1}, None, 7])
def test_wrong_numbers_of_values(server: str, data: object) -> None:
    kind, values = call(server, data)
    assert kind in ("refused", "error") or values[0]["kind"] == "error"
    assert works(server)


def test_requests_that_are_no_json_and_no_page(server: str) -> None:
    address = server + "/gradio_api/call/classify"
    for body in (b"", b"{", b"\xff\xfe", b"[" * 10_000, b'{"data": NaN}', b"\0" * 1000):
        assert httpx.post(address, content=body, headers={"content-type": "application/json"}).status_code >= 400
    assert httpx.post(address, content=b"x" * (16 * 2**20)).status_code == 413
    for path in ("/gradio_api/call/no_such_thing", "/gradio_api/file=/etc/passwd", "/gradio_api/file=app.py",
                 "/gradio_api/file=../../etc/passwd", "/weights/clip_zero_shot/metrics.json", "/../app.py", "/demos/registry.py"):
        reply = httpx.get(server + path)
        assert reply.status_code >= 400 and "root:" not in reply.text and "import " not in reply.text, path
    assert httpx.get(server + "/?" + "a" * 20_000).status_code < 500
    assert httpx.get(server + "/%00%ff?%zz=%00").status_code < 500
    upload = httpx.post(server + "/gradio_api/upload", files={"files": ("a.png", b"x" * (11 * 2**20))}, timeout=60)
    assert upload.status_code >= 400
    assert works(server)


def test_the_public_api_is_small_and_named_once(server: str) -> None:
    client = Client(server, verbose=False)
    names = set(client.view_api(return_format="dict", print_info=False)["named_endpoints"])
    assert names == {"/classify", "/search_emoji", "/where", "/contrast", "/score_templates", "/compare_models", "/rank",
                     "/place_on_map", "/train_probe", "/test_probe", "/race", "/same_noise", "/grid", "/words", "/guidance",
                     "/drown", "/denoise_from", "/walk_between", "/attention", "/positions",
                     "/compare_digit", "/train_live", "/train_mixture"} | {name for demo, name in WAITING.items() if demo in SHOWN}
    banner, stage, facts, _ = client.predict(*GOOD, api_name="/classify")
    assert stage["labels"] == ["cat", "dog"] and facts["sentence"] and banner.get("kind") != "error"
    _, glyphs, said = client.predict("something sweet", api_name="/search_emoji")
    assert len(glyphs["hits"]) == 24 and "something sweet" in said["sentence"]


def test_two_visitors_at_once_each_in_their_language(invite) -> None:
    english, chinese = invite("/?demo=clip_zero_shot", stranger=True), invite("/zh?demo=clip_zero_shot", stranger=True)
    english.write("labels", "cat\ndog\nfox")
    chinese.write("labels", "\u732b\n\u72d7\n\u732b")
    for _ in range(2):                           # pressed in the same moment, twice
        before = english.run_number(), chinese.run_number()
        english.part("run").click(no_wait_after=True)
        chinese.part("run").click(no_wait_after=True)
        assert {row["name"] for row in english.wait_for_answer(before[0])} == {"cat", "dog", "fox"}
        assert {row["name"] for row in chinese.wait_for_answer(before[1])} == {"\u732b", "\u72d7"}
    assert "3 labels" in english.part("facts").inner_text()
    assert english.banner() == "" or "\u6807\u7b7e" not in english.banner()
    assert TEXTS["zh"]("clip.merged", n=1) in chinese.wait_for_banner("note")
    assert TEXTS["zh"]("facts.milliseconds") in chinese.part("facts").inner_text()
    # One visitor's mistake is not the other's.
    chinese.write("labels", "")
    chinese.part("run").click()
    assert chinese.wait_for_banner("error") == TEXTS["zh"]("error.labels_empty")
    assert english.page.locator(".banner.error").count() == 0
    assert english.rows() != []


def test_a_visitor_who_leaves_in_the_middle(invite, server: str) -> None:
    leaver = invite("/?demo=clip_zero_shot&labels=" + "%0A".join(f"thing+{i}" for i in range(60)))
    leaver.part("run").click()
    leaver.page.goto("about:blank")
    leaver.complaints = [c for c in leaver.complaints            # Gradio's own, about the streams cut by leaving
                         if "AbortError" not in c and "Connection errored out" not in c]
    assert works(server)


def test_a_model_that_is_not_here(invite) -> None:
    """Without the network its download ends in a sentence, the page is not left waiting, and the pocket model works."""
    visitor = invite("/?demo=clip_zero_shot&labels=cat%0Adog")
    visitor.open_advanced()
    visitor.page.locator("#clip_zero_shot .card-main").nth(1).click()
    visitor.part("run").click()
    assert "605 MB" in visitor.wait_for_banner()
    visitor.page.locator("#clip_zero_shot .card button.primary").click()
    visitor.page.locator(".banner.error", has_text="could not be fetched").wait_for()
    visitor.page.wait_for_timeout(1200)
    assert visitor.page.locator(".banner.working").count() == 0
    assert visitor.page.locator(".busy").count() == 0
    visitor.page.locator("#clip_zero_shot .card-main").first.click()
    assert len(visitor.run()) == 2
    assert visitor.part("banner").locator(".banner.error").count() == 0


def test_a_lost_connection_is_not_waited_for(invite) -> None:
    """The page says so, opens itself again as soon as the server answers, and has kept what its address held."""
    visitor = invite("/?demo=clip_zero_shot&labels=cat%0Adog")
    visitor.page.route("**/gradio_api/queue/join*", lambda route: route.abort())
    with visitor.page.expect_navigation():
        visitor.part("run").click()
        visitor.page.locator(".busy").wait_for(state="attached")
        visitor.page.locator(".busy").wait_for(state="detached")
        assert visitor.page.locator(".banner.working").count() == 0
        visitor.page.unroute("**/gradio_api/queue/join*")
    visitor.wait_until_ready()
    assert len(visitor.run()) == 2
    visitor.complaints = [c for c in visitor.complaints if "ERR_FAILED" not in c]    # the one we made
