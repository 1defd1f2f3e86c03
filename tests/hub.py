"""A stand-in for the Hugging Face Hub on 127.0.0.1, which can also fail in every way the real one does.

It answers what huggingface_hub asks: model information, the file tree, and `resolve` with the headers
that carry commit, digest and size; large files by redirect to a second server (the CDN), with ranges.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".bin", ".model", ".spm")  # what the Hub keeps as LFS objects
_REVISION = r"(refs/pr/\d+|[^/]+)"


@dataclass(frozen=True)
class Failure:
    """What goes wrong, and where.

    Attributes:
        kind: an HTTP status (401, 403, 404, 429, 500, ...), "gated", "no_revision", "html" (200, but a
            log-in page), "slow" (waits `seconds`), "cut" (closes after `after` bytes of the file),
            "wrong_bytes" (right length, other content).
        path: regular expression searched in the request's path.
        methods: HTTP methods concerned.
    """

    kind: int | str
    path: str = ""
    methods: tuple[str, ...] = ("GET", "HEAD")
    after: int = 1000
    seconds: float = 30.0


@dataclass
class _Repository:
    key: str
    folder: Path
    commit: str

    def files(self) -> dict[str, Path]:
        return {p.relative_to(self.folder).as_posix(): p for p in sorted(self.folder.rglob("*")) if p.is_file()}


class StandInHub:
    """`with StandInHub() as hub:` serves until the block ends. `requests` lists (method, path)."""

    def __init__(self) -> None:
        self.repositories: dict[str, _Repository] = {}
        self.failures: list[Failure] = []
        self.requests: list[tuple[str, str]] = []
        handler = type("Handler", (_Handler,), {"hub": self})
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
        self.url, self.cdn = (f"http://127.0.0.1:{s.server_address[1]}" for s in self._servers)
        self._stop = threading.Event()

    def add(self, repo: str, folder: Path, commit: str | None = None, pull: str = "") -> str:
        """Publish `folder` as `repo`. Returns its commit, by default made from the name.

        Args:
            pull: "refs/pr/6": not what `repo` holds but a pull request to it.
        """
        commit = commit or hashlib.sha1((repo + pull).encode(), usedforsecurity=False).hexdigest()
        key = f"{repo}@{pull}" if pull else repo
        self.repositories[key] = _Repository(key, Path(folder), commit)
        return commit

    def fail(self, kind: int | str, path: str = "", **how) -> None:
        self.failures.append(Failure(kind, path, **how))

    def recover(self) -> None:
        self.failures.clear()

    def downloaded(self) -> list[str]:
        """Names of the files whose content was asked for."""
        return [path.rsplit("/", 1)[1] for method, path in self.requests
                if method == "GET" and ("/resolve/" in path or path.startswith("/cdn/"))]

    def __enter__(self) -> StandInHub:
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for server in self._servers:
            server.shutdown()
            server.socket.close()

    def wait(self, seconds: float) -> None:
        self._stop.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    hub: StandInHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.answer()

    def do_HEAD(self) -> None:
        self.answer()

    def answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append((self.command, path))
        failure = next((f for f in self.hub.failures
                        if self.command in f.methods and re.search(f.path, path)), None)
        if failure is not None and self.fail(failure):
            return
        if match := re.fullmatch(rf"/api/models/(.+?)(?:/revision/{_REVISION})?", path):
            if "/tree/" not in path:
                return self.information(*match.groups())
        if match := re.fullmatch(rf"/api/models/(.+?)/tree/{_REVISION}/?", path):
            return self.tree(*match.groups())
        if match := re.fullmatch(r"/cdn/(.+?)@@(.+)", path):
            return self.content(*match.groups(), failure)
        if match := re.fullmatch(rf"/(.+?)/resolve/{_REVISION}/(.+)", path):
            return self.resolve(*match.groups(), failure)
        self.refuse(404, "RepoNotFound")

    def fail(self, failure: Failure) -> bool:
        """Whether the failure was the whole answer; content failures come with the content."""
        if failure.kind == "slow":
            self.hub.wait(failure.seconds)
            return False
        if failure.kind == "html":
            self.send(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
        elif failure.kind == "gated":
            self.refuse(403, "GatedRepo")
        elif failure.kind == "no_revision":
            self.refuse(404, "RevisionNotFound")
        elif isinstance(failure.kind, int):
            codes = {401: "", 404: "RepoNotFound"}
            self.refuse(failure.kind, codes.get(failure.kind, ""))
        else:
            return False
        return True

    def find(self, repo: str, revision: str | None) -> _Repository | None:
        found = self.hub.repositories.get(repo)
        if found is None:
            self.refuse(401, "RepoNotFound")
        elif revision not in (None, "main", found.commit):
            pulls = [each for each in self.hub.repositories.values() if each.key.startswith(f"{repo}@")]
            found = next((pull for pull in pulls if revision in (pull.key.partition("@")[2], pull.commit)), None)
            if found is None:
                self.refuse(404, "RevisionNotFound")
        return found

    def information(self, repo: str, revision: str | None) -> None:
        if (found := self.find(repo, revision)) is not None:
            siblings = [{"rfilename": name} | _describe(path) for name, path in found.files().items()]
            self.send_json({"_id": "0", "id": repo, "modelId": repo, "sha": found.commit, "private": False,
                            "gated": False, "disabled": False, "tags": [], "downloads": 0, "likes": 0,
                            "siblings": siblings})

    def tree(self, repo: str, revision: str) -> None:
        if (found := self.find(repo, revision)) is not None:
            entries = []
            for name, path in found.files().items():
                about = _describe(path)
                entries.append({"type": "file", "path": name, "oid": about.pop("blobId")} | about)
            self.send_json(entries)

    def resolve(self, repo: str, revision: str, name: str, failure: Failure | None) -> None:
        found = self.find(repo, revision)
        if found is None:
            return
        path = found.files().get(name)
        headers = {"X-Repo-Commit": found.commit}
        if path is None:
            return self.refuse(404, "EntryNotFound", headers)
        about = _describe(path)
        if "lfs" in about:
            self.send(302, b"", headers | {
                "Location": f"{self.hub.cdn}/cdn/{found.key}@@{name}", "X-Linked-Size": str(about["size"]),
                "X-Linked-Etag": f'"{about["lfs"]["sha256"]}"', "Accept-Ranges": "bytes"})
        else:
            self.send_file(path, headers | {"ETag": f'"{about["blobId"]}"'}, failure)

    def content(self, repo: str, name: str, failure: Failure | None) -> None:
        path = self.hub.repositories[repo].files()[name]
        self.send_file(path, {"ETag": '"of-the-cdn"'}, failure)

    def send_file(self, path: Path, headers: dict[str, str], failure: Failure | None) -> None:
        body = path.read_bytes()
        if failure is not None and failure.kind == "wrong_bytes":
            body = bytes(b ^ 0xFF for b in body[:64]) + body[64:]
        total, start, status = len(body), 0, 200
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, stop = int(match[1]), int(match[2] or total - 1)
            status, headers = 206, headers | {"Content-Range": f"bytes {start}-{stop}/{total}"}
            body = body[start:stop + 1]
        cut = None
        if failure is not None and failure.kind == "cut" and self.command == "GET":
            cut = max(0, failure.after - start)
        self.send(status, body, headers | {"Accept-Ranges": "bytes"}, cut)

    def refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        reason = {"X-Error-Code": code, "X-Error-Message": code} if code else {}
        self.send(status, json.dumps({"error": code}).encode(), reason | (headers or {}))

    def send_json(self, value: object) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True


_described: dict[tuple[Path, int, int], dict] = {}


def _describe(path: Path) -> dict:
    """Size, git object id and, for large files, the LFS record, as the Hub's API words them."""
    stat = path.stat()
    key = (path, stat.st_mtime_ns, stat.st_size)
    if key not in _described:
        data = path.read_bytes()
        about: dict = {"size": len(data)}
        if path.suffix in LARGE:
            sha256 = hashlib.sha256(data).hexdigest()
            pointer = (f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\n"
                       f"size {len(data)}\n").encode()
            about["lfs"] = {"sha256": sha256, "oid": sha256, "size": len(data), "pointerSize": len(pointer)}
            data = pointer
        git = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
        _described[key] = about | {"blobId": git.hexdigest()}
    return dict(_described[key])
