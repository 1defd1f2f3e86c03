"""One door for every checkpoint: a pocket model, a folder on this machine, an id on the Hub.

Safetensors only; no pickle is read, no code of a checkpoint is run. What a checkpoint would cost is
known from the disk alone, before anything starts.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Literal

from demos.base import hub, hub_cache
from demos.base.errors import UserError
from demos.base.hub import Progress
from demos.base.spec import Checkpoint

# Read by transformers: without it, a repository of pickles sends it to a conversion service.
os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")

CHECKSUMS = "SHA256SUMS"
_CONFIGS = ("open_clip_config.json", "config.json", "model_index.json")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
# Keys of configurations by which a checkpoint brings code of its own.
_CODE_KEYS = frozenset({"auto_map", "trust_remote_code", "custom_pipeline", "custom_pipelines"})
# Vocabularies and shard lists: large, and never asked for such keys.
_PLAIN_DATA = ("tokenizer.json", "vocab.json", "added_tokens.json")
_LARGEST_CONFIG = 16 << 20
_REPO_ID = re.compile(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9_])?(/[A-Za-z0-9]([\w.-]*[A-Za-z0-9_])?)?", re.ASCII)

Kind = Literal["bundled", "cached", "download", "too_large"]


@dataclass(frozen=True)
class Status:
    """What choosing a checkpoint costs here. `megabytes`: still to download; 0 where that is unknown
    (an id somebody typed) or nothing."""

    kind: Kind
    megabytes: float = 0.0


_verified: dict[Path, tuple[int, int]] = {}  # weight file -> (mtime in ns, bytes) when its hash held
_doors: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def any_checkpoint_allowed() -> bool:
    """Whether visitors may type ids and folders: `EPOCHS_ANY_CHECKPOINT`, else only where the visitors
    are whoever runs this machine: not on a Space, and not while others on the network can connect."""
    choice = os.environ.get("EPOCHS_ANY_CHECKPOINT", "").strip()
    if choice in ("0", "1"):
        return choice == "1"
    address = os.environ.get("GRADIO_SERVER_NAME", "").strip() or "127.0.0.1"
    return not os.environ.get("SPACE_ID") and address in ("127.0.0.1", "localhost", "::1")


def find_checkpoint(id: str, known: Sequence[Checkpoint], *, allow_any: bool) -> Checkpoint:
    """The checkpoint of `known` with this id, or one made from what a visitor typed.

    Text that begins with "/", ".", "~" or a drive letter is a folder; all else is a Hub id.

    Raises:
        UserError: `checkpoint_not_allowed`, `checkpoint_id_invalid`.
    """
    for checkpoint in known:
        if checkpoint.id == id:
            return checkpoint
    id = id.strip()
    if not allow_any:
        raise UserError("checkpoint_not_allowed", name=_shown(id))
    if not id.isprintable() or not (_is_folder(id) or is_repo_id(id)):
        raise UserError("checkpoint_id_invalid", name=_shown(id))
    return Checkpoint(id=id, name=public_id(id), licence="", parameters=0.0)


def public_id(id: str) -> str:
    """A checkpoint's id as files that leave this machine may say it: of a folder its last name only."""
    return PureWindowsPath(id).name or id if _is_folder(id) else id


def status(checkpoint: Checkpoint, free_bytes: int | None = None) -> Status:
    """What choosing `checkpoint` costs, from the disk alone (no network, no torch, about 1 ms).

    Args:
        free_bytes: memory a model may take; None to leave the question out.
    """
    if checkpoint.folder is not None:
        return Status("bundled")
    if free_bytes is not None and checkpoint.gigabytes * 1e9 > free_bytes:
        return Status("too_large", checkpoint.megabytes)
    if _is_folder(checkpoint.id) and checkpoint.repo is None:
        return Status("cached")
    if hub_cache.cached_snapshot(_repo(checkpoint), checkpoint.revision, checkpoint.files):
        return Status("cached")
    return Status("download", checkpoint.megabytes)


def find_local_folder(checkpoint: Checkpoint) -> Path | None:
    """Where the files of `checkpoint` lie on this machine, complete or not checked; None where they would have to be fetched."""
    if checkpoint.folder is not None:
        return checkpoint.folder if checkpoint.folder.is_dir() else None
    if checkpoint.repo is None and _is_folder(checkpoint.id):
        return Path(checkpoint.id).expanduser()
    return hub_cache.cached_snapshot(_repo(checkpoint), checkpoint.revision, checkpoint.files)


def open_folder(checkpoint: Checkpoint, progress: Progress | None = None,
                suits: Callable[[Path], None] = lambda folder: None) -> Path:
    """The folder of `checkpoint` on this machine, fetched when need be, checked, ready to load.

    Two visitors who ask for the same one download it once.

    Args:
        progress: called with (fraction in [0, 1], megabytes done) while downloading; raising in it
            cancels.
        suits: looks at the folder's small files before any tensor is fetched; raising in it refuses.

    Raises:
        UserError: a key per cause; nothing that worked before is touched.
    """
    if checkpoint.folder is not None:
        verify_checksums(checkpoint.folder, checkpoint.name)
        return checkpoint.folder
    if checkpoint.repo is None and _is_folder(checkpoint.id):
        return _open_typed_folder(checkpoint.id)
    repo = _repo(checkpoint)
    reviewed = checkpoint.repo is not None and hub_cache.is_commit(checkpoint.revision)

    def check(folder: Path) -> None:
        refuse_code(folder, repo, reviewed=reviewed)
        suits(folder)

    with _doors[repo]:
        folder = hub_cache.cached_snapshot(repo, checkpoint.revision, checkpoint.files)
        if folder is None:
            return hub.fetch(repo, checkpoint.revision, checkpoint.files, check=check, progress=progress)
    check(folder)
    return folder


def forget_damaged(checkpoint: Checkpoint) -> None:
    """After a load failed: drop cached files that are not what was published, so that the next
    attempt fetches them. Pocket models and visitors' folders are left alone."""
    if checkpoint.folder is None and (checkpoint.repo or is_repo_id(checkpoint.id)):
        folder = hub_cache.cached_snapshot(_repo(checkpoint), checkpoint.revision)
        if folder is not None:
            hub_cache.discard_damaged(folder)


def write_checksums(folder: Path) -> None:
    """Write `SHA256SUMS` over every safetensors file of `folder`, in the format of `sha256sum`."""
    lines = [f"{_sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in _tensors(folder)]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def verify_checksums(folder: Path, name: str) -> None:
    """Check every safetensors file of `folder` against its `SHA256SUMS`, once per process and change.

    Raises:
        UserError: `weights_missing`, or `weights_altered` with the file's name.
    """
    tensors = list(_tensors(folder)) if folder.is_dir() else []
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
    promised = {pair[1].lstrip("*").strip(): pair[0].lower() for pair in pairs if len(pair) == 2}
    # A link that leads nowhere is a file that is missing.
    present = {path.relative_to(folder).as_posix(): path for path in tensors if path.is_file()}
    if not promised or promised.keys() - present.keys():
        raise UserError("weights_missing", name=name)
    for relative, path in present.items():
        stat = path.stat()
        seen = (stat.st_mtime_ns, stat.st_size)
        if _verified.get(path) == seen:
            continue
        if promised.get(relative) != _sha256(path):
            raise UserError("weights_altered", name=name, file=relative)
        _verified[path] = seen


def refuse_code(folder: Path, name: str, *, reviewed: bool = False) -> None:
    """Refuse a checkpoint whose configurations ask to run its own code.

    A reviewed one (listed by a demo, pinned to a commit) may carry `auto_map`, which the libraries
    ignore unless told otherwise; `trust_remote_code` inside a configuration is refused always:
    open_clip hands it on.

    Raises:
        UserError: `checkpoint_remote_code`, or `checkpoint_broken` for a configuration that is no JSON.
    """
    refused = _CODE_KEYS - {"auto_map"} if reviewed else _CODE_KEYS
    for path in (*folder.glob("*.json"), *folder.glob("*/*.json")):
        if path.name in _PLAIN_DATA or path.name.endswith(".index.json"):
            continue
        try:
            if path.stat().st_size > _LARGEST_CONFIG:
                raise ValueError("too long for a configuration")
            keys = set(_keys(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, RecursionError) as error:
            raise UserError("checkpoint_broken", name=_shown(name)) from error
        if keys & refused:
            raise UserError("checkpoint_remote_code", name=_shown(name))


def is_repo_id(text: str) -> bool:
    """Whether `text` can name a Hub repository: "owner/name", by the Hub's own rules."""
    return (len(text) <= 96 and _REPO_ID.fullmatch(text) is not None and "--" not in text
            and ".." not in text and not text.endswith(".git"))


def _open_typed_folder(typed: str) -> Path:
    shown = _shown(typed)
    try:
        folder = Path(typed).expanduser()
        if not folder.is_dir():
            raise UserError("folder_missing", name=shown)
        if not any(_tensors(folder)):
            pickles = any(True for pattern in _PICKLES for _ in folder.glob(pattern))
            raise UserError("checkpoint_pickle_only" if pickles else "folder_not_a_model", name=shown)
        if not any((folder / config).is_file() for config in _CONFIGS):
            raise UserError("folder_not_a_model", name=shown)
    except (OSError, RuntimeError, ValueError) as error:  # unreadable; "~nobody"; a name no file can have
        raise UserError("folder_missing", name=shown) from error
    if not hub_cache.has_tensors(folder):
        raise UserError("checkpoint_broken", name=shown)
    refuse_code(folder, typed)
    return folder


def _is_folder(text: str) -> bool:
    # Not "//host" or "\\host": on Windows, opening one sends the user's credentials to that host.
    if text.startswith(("//", "\\\\")):
        return False
    return text.startswith(("/", ".", "~")) or re.match(r"[A-Za-z]:[\\/]", text) is not None


def _repo(checkpoint: Checkpoint) -> str:
    return checkpoint.repo or checkpoint.id


def _tensors(folder: Path) -> Iterator[Path]:
    yield from sorted((*folder.glob("*.safetensors"), *folder.glob("*/*.safetensors")))


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            # A null or false value asks for nothing (custom_pipeline: null is common).
            if inner not in (None, False, {}):
                yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _shown(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
