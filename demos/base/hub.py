"""Fetching from the Hugging Face Hub, or a mirror of it: safetensors and configurations only.

Nothing here is loaded or run. Every failure is a UserError that says what a visitor can do about it.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from demos.base.errors import UserError
from demos.base.hub_cache import cache_folder, delete, has_digest, is_commit, remember, write_manifest

# progress(fraction in [0, 1], megabytes done); raising in it cancels the download.
Progress = Callable[[float, float], None]

# Seconds for each answer before the first byte, and for the whole question "is it there?".
ANSWER_SECONDS = 5
REACH_SECONDS = 10

# All a model needs: tensors, configurations, tokenizers. Never a pickle, never code.
_SUFFIXES = (".safetensors", ".json", ".txt", ".model", ".spm")

# The folders of a diffusion pipeline that are read, and how a file of tensors names its precision:
# "model.fp16.safetensors", "model.fp16-00001-of-00002.safetensors".
_NETWORKS, _SMALL_PARTS = ("unet", "vae", "text_encoder"), ("scheduler", "tokenizer")
_VARIANT = re.compile(r"[^/.]*(\.(?P<variant>\w+?))?(-\d+-of-\d+)?\.safetensors$")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository: `digest` is SHA-256 (64 hex digits) or git's SHA-1 of it (40)."""

    path: str
    size: int
    digest: str | None


def fetch(repo: str, revision: str | None, patterns: Iterable[str], *,
          check: Callable[[Path], None], progress: Progress | None = None) -> Path:
    """Download what matches `patterns` of `repo` at `revision` into the shared cache.

    Small files come first and `check(snapshot folder)` looks at them before any tensor is fetched.
    A file counts only when whole and of the right hash: what an interruption leaves is not used.

    Returns: the snapshot folder.
    Raises: UserError, one key per cause (see `_explain`), or what `check` or `progress` raises.
    """
    if is_offline():
        raise UserError("checkpoint_offline", name=repo)
    commit, listing = _within(REACH_SECONDS, repo, lambda: _list_files(repo, revision))
    files = choose_files(listing, patterns)
    if not any(file.path.endswith(".safetensors") for file in files):
        raise UserError("checkpoint_pickle_only" if _has_pickle(listing) else "checkpoint_no_weights",
                        name=repo)
    _prepare_disk(repo, commit, files)
    meter = _Meter(sum(file.size for file in files), progress)
    # Configurations before tensors, so that a refusal costs kilobytes.
    files.sort(key=lambda file: (file.path.endswith(".safetensors"), file.path))
    folder, checked = None, False
    for file in files:
        if folder is not None and not checked and file.path.endswith(".safetensors"):
            check(folder)
            checked = True
        path = _fetch_file(repo, commit, file, meter)
        folder = path.parents[len(PurePosixPath(file.path).parts) - 1]
    check(folder)
    if not is_commit(revision):
        remember(repo, revision, commit)
    return folder


def choose_files(listing: Iterable[RemoteFile], patterns: Iterable[str]) -> list[RemoteFile]:
    """The files to fetch. Where open_clip's tensors lie beside a transformers copy of the same
    network, the copy is left out: it would double the download. Of a diffusion pipeline only the parts that
    are asked, each in one precision."""
    wanted = [file for file in listing
              if file.path.endswith(_SUFFIXES) and any(fnmatch.fnmatch(file.path, p) for p in patterns)]
    names = {file.path for file in wanted}
    if "open_clip_config.json" in names and any(fnmatch.fnmatch(n, "open_clip*.safetensors") for n in names):
        wanted = [file for file in wanted if not fnmatch.fnmatch(file.path, "model*.safetensors*")]
    return _of_pipeline(wanted) if "model_index.json" in names else wanted


def _of_pipeline(files: list[RemoteFile]) -> list[RemoteFile]:
    """What opening a diffusion pipeline reads: no checkpoint for another program beside its folders, no safety
    checker, no weights from before averaging, and half precision where every network has it."""
    def part(file: RemoteFile) -> str:
        return file.path.rpartition("/")[0]

    def variant(file: RemoteFile) -> str:
        return _VARIANT.search(file.path)["variant"] or ""

    tensors = [file for file in files if file.path.endswith(".safetensors")]
    inside = [file for file in tensors if part(file) in _NETWORKS]
    if not inside:                                 # a model alone, its files beside the index
        return files
    half = [file for file in inside if variant(file) == "fp16"]
    whole = [file for file in inside if not variant(file)]
    chosen = half if half and {part(file) for file in half} >= {part(file) for file in whole} else whole
    others = [file for file in files if file not in tensors and part(file) in ("", *_NETWORKS, *_SMALL_PARTS)]
    return [*others, *chosen]


def is_offline() -> bool:
    """Whether the operator has forbidden the network (`HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`)."""
    value = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return value.upper() in ("1", "ON", "YES", "TRUE")


def endpoint() -> str:
    """Address of the Hub or of the mirror in `HF_ENDPOINT`, read now rather than at import."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


class _Interrupted(OSError):
    """A server that keeps sending the same bytes: giving up instead of looping for ever."""


class _Meter:
    """Adds up the bytes of several files and reports them."""

    def __init__(self, total: int, report: Progress | None) -> None:
        self.total, self.done, self.whole, self.received = max(total, 1), 0, 0, 0
        self.report = report

    def add(self, count: int) -> None:
        """Count bytes that arrived; negative ones are about to arrive again."""
        self.received += max(count, 0)
        self._set(self.done + count)

    def finish(self, size: int) -> None:
        """Count a file as whole, also where it was on the disk already."""
        self.whole += size
        self._set(self.whole)

    def _set(self, done: int) -> None:
        self.done = done
        if self.received > 3 * self.total + (64 << 20):
            raise _Interrupted(errno.EIO, "the same bytes again and again")
        if self.report is not None:
            self.report(min(max(self.done / self.total, 0.0), 1.0), self.done / 1e6)

    def bar(self) -> type:
        """A tqdm class, as huggingface_hub wants one, that prints nothing and feeds this meter."""
        from huggingface_hub.utils import tqdm

        meter = self

        class Bar(tqdm):
            def __init__(self, *args, **kwargs) -> None:
                super().__init__(*args, **(kwargs | {"disable": True}))

            def update(self, n: float | None = 1) -> None:
                meter.add(int(n or 0))

        return Bar


def _list_files(repo: str, revision: str | None) -> tuple[str, list[RemoteFile]]:
    from huggingface_hub import HfApi

    info = HfApi(endpoint=endpoint()).model_info(repo, revision=revision or "main",
                                                 files_metadata=True, timeout=ANSWER_SECONDS)
    files = [RemoteFile(s.rfilename, s.size or 0, s.lfs.sha256 if s.lfs else s.blob_id)
             for s in info.siblings or []]
    if not info.sha:
        raise ValueError("no commit in the answer")
    return info.sha, files


def _fetch_file(repo: str, commit: str, file: RemoteFile, meter: _Meter) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.errors import HTTPError

    cache = cache_folder()
    found = try_to_load_from_cache(repo, file.path, cache_dir=cache, revision=commit)
    if isinstance(found, str) and os.path.getsize(found) == file.size:
        meter.finish(file.size)
        return Path(found)
    if isinstance(found, str):
        delete(Path(found))
    try:
        # Asked once here without retries: hf_hub_download alone would try a failing server for minutes.
        url = hf_hub_url(repo, file.path, revision=commit, endpoint=endpoint())
        get_hf_file_metadata(url, timeout=ANSWER_SECONDS)
        path = Path(hf_hub_download(repo, file.path, revision=commit, cache_dir=cache, endpoint=endpoint(),
                                    etag_timeout=ANSWER_SECONDS, tqdm_class=meter.bar()))
    except (HTTPError, OSError) as error:
        raise _explain(error, repo, "checkpoint_interrupted") from error
    if file.digest and not has_digest(path, file.digest):
        delete(path)
        raise UserError("checkpoint_wrong_hash", name=repo, file=file.path)
    meter.finish(file.size)
    return path


def _explain(error: BaseException, repo: str, otherwise: str) -> UserError:
    """The visitor's words for a failure of the network, the Hub or the disk."""
    from huggingface_hub import errors

    code = getattr(getattr(error, "response", None), "status_code", None)
    number = getattr(error, "errno", None)
    if isinstance(error, errors.GatedRepoError):
        return UserError("checkpoint_gated", name=repo)
    if isinstance(error, errors.RevisionNotFoundError):
        return UserError("checkpoint_revision_missing", name=repo)
    if isinstance(error, errors.RepositoryNotFoundError) or code == 404:
        return UserError("checkpoint_not_found", name=repo)
    if code in (401, 403):
        return UserError("checkpoint_forbidden", name=repo)
    if code == 429:
        return UserError("hub_busy", name=repo)
    if code is not None and code >= 400:
        return UserError("hub_failing", name=repo, status=code)
    if isinstance(error, errors.OfflineModeIsEnabled):
        return UserError("checkpoint_offline", name=repo)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return UserError("disk_full", name=repo)
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError("cache_not_writable", name=repo)
    return UserError(otherwise, name=repo)


def _within(seconds: float, repo: str, question: Callable[[], tuple]) -> tuple:
    """`question()`'s answer, given up after `seconds`: looking up a host name obeys no timeout.

    Raises: UserError, `checkpoint_unreachable` where no clearer cause is known.
    """
    from huggingface_hub.errors import HTTPError

    outcome: dict[str, object] = {}

    def ask() -> None:
        try:
            outcome["answer"] = question()
        except (HTTPError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            # The last four: an answer that is not the Hub's, such as a hotel's log-in page.
            outcome["error"] = error

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if "answer" in outcome:
        return outcome["answer"]  # type: ignore[return-value]
    error = outcome.get("error")
    if isinstance(error, BaseException):
        raise _explain(error, repo, "checkpoint_unreachable") from error
    raise UserError("checkpoint_unreachable", name=repo)


def _prepare_disk(repo: str, commit: str, files: list[RemoteFile]) -> None:
    """Check that there is room, and note in the cache what a complete download consists of."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        write_manifest(repo, commit, [file.path for file in files])
    except OSError as error:
        raise _explain(error, repo, "cache_not_writable") from error
    if free < sum(file.size for file in files):
        raise UserError("disk_full", name=repo)


def _has_pickle(listing: Iterable[RemoteFile]) -> bool:
    return any(file.path.endswith((".bin", ".pt", ".pth", ".ckpt", ".pkl")) for file in listing)
