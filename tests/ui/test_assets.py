"""The addresses of the language pages, and what the middleware lets in and out."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from demos.ui.assets import BODY_LIMIT, Assets, language_redirect
from demos.ui.era_pages import EraPages


def ask(path: str, query: str = "", method: str = "GET") -> str | None:
    return language_redirect({"type": "http", "path": path, "method": method, "query_string": query.encode("latin-1")})


@pytest.mark.parametrize(("path", "query", "target"), [
    ("/", "lang=zh", "zh?lang=zh"), ("/zh", "lang=en&a=1", "./?lang=en&a=1"),
    ("/", "labels=a%26b%0Ac&lang=zh", "zh?labels=a%26b%0Ac&lang=zh"),
    ("/", "", None), ("/", "lang=en", None), ("/zh", "lang=zh", None), ("/zh", "", None),
    ("/", "lang=../../zh", None), ("/", "lang=//example.org", None), ("/", "lang=", None), ("/", "lang", None),
    ("/", "lang=zh%00", None), ("/", "lang=ZH", None), ("/gradio_api/info", "lang=zh", None),
    ("/", "lang=en&lang=zh", "zh?lang=en&lang=zh"), ("/zh", "lang=en&lang=zh", None),
])
def test_language_redirect(path: str, query: str, target: str | None) -> None:
    assert ask(path, query) == target


def test_a_redirect_ends() -> None:
    """Where it leads, it leads no further, whatever the query repeats."""
    for query in ("lang=zh", "lang=en&lang=zh", "lang=zh&lang=en", "lang=zh&lang=xx"):
        target = ask("/", query)
        if target:
            path, _, rest = target.partition("?")
            assert ask("/" + path.removeprefix("./"), rest) is None


def test_only_pages_are_redirected() -> None:
    assert ask("/", "lang=zh", "POST") is None


@pytest.fixture(scope="module")
def client() -> TestClient:
    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse("<html><head><meta property=\"og:image\" content=\"https://elsewhere.example/a.png\">"
                            "<title>x</title></head><body>" + "body " * 2000 + "</body></html>")

    async def size(request: Request) -> JSONResponse:
        return JSONResponse(len(await request.body()))

    assets = Assets([])
    app = Starlette(routes=[Route("/", page), Route("/zh", page), Route("/other", page),
                            Route("/size", size, methods=["POST"]), *assets.routes()], middleware=assets.middleware(EraPages([])))
    return TestClient(app, follow_redirects=False)


def test_pages_carry_the_script_first_and_travel_compressed(client: TestClient) -> None:
    for path, language in (("/", "en"), ("/zh", "zh")):
        reply = client.get(path)
        head = reply.text.partition("<title>")[0]
        assert "epochs.js?v=" in head and "epochs.css?v=" in head and "elsewhere.example" not in reply.text
        assert reply.headers["content-encoding"] == "gzip"
    assert "epochs.js" not in client.get("/other").text


def test_script_and_style_are_kept_for_ever_under_their_own_name(client: TestClient) -> None:
    for path, kind in (("/epochs.js", "text/javascript"), ("/epochs.css", "text/css")):
        reply = client.get(path)
        assert reply.headers["content-type"].startswith(kind) and "immutable" in reply.headers["cache-control"]
    assert Assets([]).version == Assets([]).version and len(Assets([]).version) == 12


def test_bodies_are_bounded(client: TestClient) -> None:
    assert client.post("/size", content=b"x" * 1000).json() == 1000
    assert client.post("/size", content=b"x" * (BODY_LIMIT + 1)).status_code == 413


def test_bodies_without_a_length_are_bounded(client: TestClient) -> None:
    def endless():
        for _ in range(BODY_LIMIT // 2**20 + 2):
            yield b"x" * 2**20

    try:
        assert client.post("/size", content=endless()).status_code >= 400
    except Exception as refused:  # noqa: BLE001 - the server hangs up; how that looks is the client's affair
        assert "Disconnect" in type(refused).__name__
