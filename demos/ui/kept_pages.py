"""Pages are made once and handed to everybody: Gradio copies and writes the whole configuration for each visitor."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What a page depends on beside its path: where it is asked for (Gradio writes its own address into it).
_ADDRESS = ("host", "x-forwarded-host", "x-forwarded-proto", "x-gradio-server")
# Parameters by which Gradio makes another page; all others are read by the page's script.
_ASKED = (b"deep_link", b"all_endpoints")
MOST_WHOLE = 4                # addresses whose whole pages are kept: about 2 MB each
MOST = 64                     # parts of pages that are kept: below half a megabyte each
_COMPRESSION = 6


class Parts(Protocol):
    """How a page is handed out in parts."""

    def name(self, query: bytes) -> str:
        """Which part a query string asks for: one of few, whatever stands there."""

    def cut(self, page: bytes, name: str) -> bytes:
        """That part of the whole page."""


@dataclass(frozen=True)
class Whole:
    """A page as Gradio makes it."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True)
class Page:
    """A page as it is sent: `body`, and the same compressed; `tag` names its content."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    compressed: bytes
    tag: str


class KeptPages:
    """Answers for a page what was answered before at the same address; a browser that has it is told so.

    Nothing is kept of who is logged in (Gradio's cookie), of what is no success, or of other paths.
    """

    def __init__(self, app: ASGIApp, paths: frozenset[str], parts: Parts) -> None:
        self.app = app
        self.paths = paths
        self.parts = parts
        self.pages: OrderedDict[tuple, Page] = OrderedDict()
        self.whole: OrderedDict[tuple, Whole] = OrderedDict()
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._may_keep(scope):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        key = (scope["path"], scope["scheme"], scope.get("root_path"), tuple(scope.get("server") or ()),
               *map(headers.get, _ADDRESS))
        part = self.parts.name(scope["query_string"])
        async with self._making:                 # a class that opens the page at once has it made once
            page = self.pages.get((key, part))
            if page is None:
                whole = self.whole.get(key) or await self._make(scope, receive, send)
                if whole is None:                # no success: sent as it came
                    return
                _keep(self.whole, key, whole, MOST_WHOLE)
                page = _packed(whole.headers, self.parts.cut(whole.body, part))
            _keep(self.pages, (key, part), page, MOST)
        await self._send(page, headers, send)

    def _may_keep(self, scope: Scope) -> bool:
        return (scope["path"] in self.paths and scope["method"] == "GET"
                and not any(name in scope["query_string"] for name in _ASKED)
                and "access-token" not in Headers(scope=scope).get("cookie", ""))

    async def _make(self, scope: Scope, receive: Receive, send: Send) -> Whole | None:
        start: Message = {}
        body = bytearray()

        async def gather(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            if start["status"] != 200 or "set-cookie" in Headers(raw=start["headers"]):
                await send(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, gather)
        if not body:
            return None
        kept = [(name, value) for name, value in start["headers"] if name.lower() not in (b"content-length", b"date")]
        return Whole(kept, bytes(body))

    @staticmethod
    async def _send(page: Page, asked: Headers, send: Send) -> None:
        known = page.tag in asked.get("if-none-match", "")
        small = "gzip" in asked.get("accept-encoding", "")
        body = b"" if known else page.compressed if small else page.body
        message = {"type": "http.response.start", "status": 304 if known else 200, "headers": list(page.headers)}
        headers = MutableHeaders(scope=message)
        headers["etag"] = page.tag
        headers["cache-control"] = "no-cache"    # kept by the browser, and asked about each time
        headers.add_vary_header("Accept-Encoding")
        if not known:
            headers["content-length"] = str(len(body))
            if small:
                headers["content-encoding"] = "gzip"
        await send(message)
        await send({"type": "http.response.body", "body": body})


def _packed(headers: list[tuple[bytes, bytes]], body: bytes) -> Page:
    return Page(headers, body, gzip.compress(body, _COMPRESSION, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:16]}"')


def _keep(kept: OrderedDict, key: tuple, value: object, most: int) -> None:
    """As the newest of `most`."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)
