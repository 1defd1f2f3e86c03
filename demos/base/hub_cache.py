"""What of the Hugging Face Hub already lies on this disk: answered without the network, and fast.

The layout is the Hub library's own, so that what other programs downloaded counts as well:
`models--owner--name/snapshots/<commit>/<file>`, each file a link to `blobs/<its digest>`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

_MANIFESTS = "epochs"


def cache_folder() -> Path:
    """Where the Hub's files are kept: the environment's choice, read now, else the library's."""
    for name, below in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")):
        if os.environ.get(name):
            return Path(os.path.expandvars(os.environ[name])).expanduser() / below
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def storage_folder(repo: str) -> Path:
    """The part of the cache that holds `repo`."""
    return cache_folder() / f"models--{repo.replace('/', '--')}"


def cached_snapshot(repo: str, revision: str | None, patterns: Iterable[str] = ()) -> Path | None:
    """The folder of a complete earlier download of `repo`, or None.

    Complete means: every file our own download noted beforehand; for a download by another program,
    tensors with every shard that an index names. Either way, each of `patterns` that is a plain file
    name must be there.
    """
    storage = storage_folder(repo)
    commit = revision if is_commit(revision) else _read_text(storage / "refs" / (revision or "main")).strip()
    if not commit:
        return None
    folder = storage / "snapshots" / commit
    noted = _read_text(storage / _MANIFESTS / f"{commit}.txt").split("\n")
    needed = [*filter(None, noted), *(p for p in patterns if not any(c in p for c in "*?["))]
    if all((folder / path).is_file() for path in needed) and has_tensors(folder):
        return folder
    return None


def has_tensors(folder: Path) -> bool:
    """Whether `folder` or a folder in it holds safetensors, with every shard that an index names."""
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("*/*.safetensors")):
        return False
    for index in (*folder.glob("*.safetensors.index.json"), *folder.glob("*/*.safetensors.index.json")):
        try:
            shards = set(json.loads(_read_text(index))["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
        if not all((index.parent / shard).is_file() for shard in shards):
            return False
    return True


def write_manifest(repo: str, commit: str, paths: Iterable[str]) -> None:
    """Note the files that make the download of `commit` complete. Raises OSError."""
    _write_text(storage_folder(repo) / _MANIFESTS / f"{commit}.txt", "\n".join(paths))


def is_commit(revision: str | None) -> bool:
    """Whether `revision` names a version that stays what it is, unlike a branch or a pull request."""
    return revision is not None and re.fullmatch("[0-9a-f]{40}", revision) is not None


def remember(repo: str, revision: str | None, commit: str) -> None:
    """Note which commit a branch (by default main) was, so that an unpinned model opens without the network next time."""
    _write_text(storage_folder(repo) / "refs" / (revision or "main"), commit)


def discard_damaged(folder: Path) -> bool:
    """Delete cached files whose content is not what their name in the cache promises, so that the
    next opening downloads them anew. Returns whether any was deleted."""
    found = False
    for pointer in [path for path in folder.rglob("*") if path.is_file()]:
        blob = pointer.resolve()
        if blob != pointer and len(blob.name) in (40, 64) and not has_digest(blob, blob.name):
            delete(pointer)
            found = True
    return found


def has_digest(path: Path, digest: str) -> bool:
    """Whether the file's SHA-256, or for 40 hex digits its git blob SHA-1, is `digest`."""
    if len(digest) == 64:
        found = hashlib.sha256()
    else:
        found = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            found.update(block)
    return found.hexdigest() == digest.lower()


def delete(pointer: Path) -> None:
    """Remove a cached file: the link and what it points to."""
    for path in {pointer.resolve(), pointer}:
        path.unlink(missing_ok=True)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
