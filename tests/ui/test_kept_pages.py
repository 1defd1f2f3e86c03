"""Pages made once: for whom they are kept, and for whom not."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from demos.ui.kept_pages import MOST, MOST_WHOLE, KeptPages


class Halves:
    """Two parts of any page, named in the query."""

    def name(self, query: bytes) -> str:
        return "second" if b"half=2" in query else "first"

    def cut(self, page: bytes, name: str) -> bytes:
        return page.replace(b"<html>", f"<html>{name} ".encode())


@pytest.fixture
def made() -> list[str]:
    return []


@pytest.fixture
def client(made: list[str]) -> TestClient:
    async def page(request: Request) -> Response:
        made.append(str(request.url))
        status = 500 if "broken" in request.headers else 200
        reply = HTMLResponse(f"<html>{request.headers['host']} {request.url.path} {len(made)}</html>" + "x" * 5000, status)
        if "greet" in request.headers:
            reply.set_cookie("visitor", "new")
        return reply

    app = Starlette(routes=[Route("/", page), Route("/zh", page), Route("/other", page)],
                    middleware=[Middleware(KeptPages, paths=frozenset({"/", "/zh"}), parts=Halves())])
    return TestClient(app)


def test_a_page_is_made_once_for_an_address(client: TestClient, made: list[str]) -> None:
    first = client.get("/?demo=a")
    for query in ("", "?demo=b&seed=3", "?lang=en"):
        again = client.get("/" + query)
        assert again.text == first.text and again.headers["content-type"] == first.headers["content-type"]
    assert len(made) == 1
    assert "/zh" in client.get("/zh").text and len(made) == 2


def test_compressed_and_plain_are_the_same_page(client: TestClient) -> None:
    small, plain = (client.get("/", headers={"accept-encoding": accepted}) for accepted in ("gzip, br", "identity"))
    assert small.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert small.text == plain.text and int(small.headers["content-length"]) < 500 < int(plain.headers["content-length"])
    assert small.headers["vary"] == "Accept-Encoding"


def test_a_browser_that_has_the_page_is_told_so(client: TestClient) -> None:
    tag = client.get("/").headers["etag"]
    known = client.get("/", headers={"if-none-match": f'W/"x", {tag}'})
    assert known.status_code == 304 and known.content == b"" and known.headers["etag"] == tag
    assert client.get("/", headers={"if-none-match": '"another"'}).status_code == 200
    assert client.get("/zh").headers["etag"] != tag


@pytest.mark.parametrize("headers", [{"host": "classroom.local"}, {"x-forwarded-host": "hf.space"}, {"x-forwarded-proto": "https"},
                                     {"x-gradio-server": "https://elsewhere"}])
def test_every_address_has_its_own(client: TestClient, made: list[str], headers: dict[str, str]) -> None:
    client.get("/")
    client.get("/", headers=headers)
    assert len(made) == 2


@pytest.mark.parametrize(("query", "headers"), [
    ("?deep_link=abc", {}), ("?all_endpoints=true", {}), ("", {"cookie": "access-token-unsecure-1=secret"}), ("", {"broken": "yes"}),
    ("", {"greet": "yes"})])
def test_what_is_one_visitors_is_not_kept(client: TestClient, made: list[str], query: str, headers: dict[str, str]) -> None:
    for _ in range(2):
        assert client.get("/" + query, headers=headers).text.startswith("<html>")
    assert len(made) == 2
    client.get("/")
    assert len(made) == 3


def test_other_paths_and_methods_pass(client: TestClient, made: list[str]) -> None:
    client.get("/other"), client.get("/other"), client.head("/")
    assert len(made) == 3


def test_a_page_is_made_once_for_all_its_parts(client: TestClient, made: list[str]) -> None:
    first, second = client.get("/?seed=1"), client.get("/?half=2")
    assert first.text.startswith("<html>first ") and second.text.startswith("<html>second ") and len(made) == 1
    assert first.headers["etag"] != second.headers["etag"] == client.get("/?half=2&seed=3").headers["etag"]


def test_what_is_kept_is_bounded(client: TestClient, made: list[str]) -> None:
    for n in range(MOST_WHOLE + 1):
        client.get("/", headers={"host": f"{n}.example"})
    assert len(made) == MOST_WHOLE + 1
    client.get("/", headers={"host": "0.example"})            # this part of it is still kept
    assert len(made) == MOST_WHOLE + 1
    client.get("/?half=2", headers={"host": "0.example"})     # the whole is not
    assert len(made) == MOST_WHOLE + 2
    for n in range(MOST):
        client.get("/", headers={"host": f"{n}.classroom"})
    before = len(made)
    client.get("/", headers={"host": "0.example"})
    assert len(made) == before + 1
