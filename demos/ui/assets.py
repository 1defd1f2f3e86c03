"""The page's script and style: gathered from `ui/` and every demo, served by this server alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..base.text import LANGUAGES, load_text
from ..figures.palette import css_variables
from .kept_pages import KeptPages, Parts

HERE = Path(__file__).parent
_PREVIEW_TAGS = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>')
# A 10 MB picture as base64 in JSON, and room for the labels.
BODY_LIMIT = 15 * 2**20
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class Assets:
    """One script and one style sheet for the whole page, named by their content."""

    def __init__(self, folders: Iterable[Path]) -> None:
        folders = list(folders)
        first = HERE / "js" / "core.js"            # the registry the other scripts register with
        scripts = [first, *(p for p in sorted((HERE / "js").glob("*.js")) if p != first),
                   *(p for folder in folders for p in sorted(folder.glob("*.js")))]
        styles = [*sorted((HERE / "css").glob("*.css")),
                  *(p for folder in folders for p in sorted(folder.glob("*.css")))]
        self.script = "\n".join(p.read_text(encoding="utf-8") for p in scripts)
        self.style = css_variables() + "\n".join(p.read_text(encoding="utf-8") for p in styles)
        self.version = hashlib.sha256((self.script + self.style).encode()).hexdigest()[:12]

    def routes(self) -> list[Route]:
        def script(request: Request) -> Response:
            return Response(self.script, media_type="text/javascript", headers=_FOREVER)

        def style(request: Request) -> Response:
            return Response(self.style, media_type="text/css", headers=_FOREVER)

        return [Route("/epochs.js", script), Route("/epochs.css", style)]

    def head(self, language: str) -> bytes:
        """Script and style (relative: right at `/`, at `/zh`, below a proxy's prefix) and what a chat
        shows of a link to the page."""
        text = load_text(language)
        title, tagline = escape(text("frame.title")), escape(text("frame.tagline"))
        return (f'<link rel="stylesheet" href="epochs.css?v={self.version}">'
                f'<script src="epochs.js?v={self.version}"></script>'
                f'<meta property="og:title" content="{title}"><meta name="description" content="{tagline}">'
                f'<meta property="og:description" content="{tagline}">').encode()

    def middleware(self, parts: Parts) -> list[Middleware]:
        """What stands before Gradio; `parts`: how its pages are handed out."""
        heads = {"/": self.head("en"), "/zh": self.head("zh")}
        return [Middleware(BodyLimit, limit=BODY_LIMIT), Middleware(GZipMiddleware, minimum_size=2000),
                Middleware(LanguageAddress), Middleware(KeptPages, paths=frozenset(heads), parts=parts), Middleware(HtmlHead, heads=heads)]


class BodyLimit:
    """Refuses requests whose body is larger than any picture may be: Gradio bounds uploads only."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.limit:
            await Response(status_code=413)(scope, receive, send)
            return
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # A body without a declared length: what is over the limit is never handed on.
            return {"type": "http.disconnect"} if seen > self.limit else message

        await self.app(scope, bounded, send)


class HtmlHead:
    """Puts the script and style before Gradio's bundle boots: `launch(head=)` adds them after it.

    Gradio's own preview tags, which speak of Gradio and show a picture from another host, go.
    """

    def __init__(self, app: ASGIApp, heads: dict[str, bytes]) -> None:
        self.app = app
        self.heads = heads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = self.heads.get(scope.get("path")) if scope["type"] == "http" else None
        if head is None:
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def insert(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            page = _PREVIEW_TAGS.sub(b"", body).replace(b"<head>", b"<head>" + head, 1)
            MutableHeaders(scope=start)["content-length"] = str(len(page))
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, insert)


class LanguageAddress:
    """Leads `/?lang=zh` to `/zh` and `/zh?lang=en` to `/`: a hosted Space hides the path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = language_redirect(scope) if scope["type"] == "http" else None
        await (RedirectResponse(target, status_code=307) if target else self.app)(scope, receive, send)


def language_redirect(scope: Scope) -> str | None:
    """The relative address of the page in the language asked for, or None when this is it."""
    path = scope["path"]
    here = {"/": "en", "/zh": "zh"}.get(path)
    if here is None or scope["method"] != "GET":
        return None
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    wanted = dict(query).get("lang")
    if wanted not in LANGUAGES or wanted == here:
        return None
    return ("./" if wanted == "en" else wanted) + "?" + urlencode(query)
