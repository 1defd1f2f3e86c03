"""What a run measured: written beside the weights, read by the page and never typed again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path

from .spec import WEIGHTS


@cache
def read_metrics(demo: str, root: Path = WEIGHTS) -> Mapping[str, object]:
    """`weights/<demo>/metrics.json`, written by the demo's recipe or by its `measure` command."""
    return json.loads((root / demo / "metrics.json").read_text(encoding="utf-8"))


def write_json(path: Path, content: object) -> None:
    """UTF-8 JSON with a final newline; the folder is made when absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def describe_machine() -> dict[str, str]:
    """`machine` (processor and cores) and `date` (today), for the badge beside each measured figure."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines()
                  if line.startswith("model name")]
        name = f"{models[0]}, {len(models)} cores" if models else name
    return {"machine": name, "date": date.today().isoformat()}


def hash_tensors(folder: Path) -> str:
    """SHA-256 over every safetensors file of `folder`: which weights a figure was measured on."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Version of Python and of every library that a run depends on."""
    return {name: importlib.metadata.version(name) for name in names} | {"python": platform.python_version()}


def hash_weights(folder: Path) -> dict[str, str]:
    """SHA-256 of every weight, configuration, tokenizer and gallery file below the folder."""
    files = sorted(path for path in Path(folder).rglob("*") if path.suffix in (".safetensors", ".json")
                   and path.name not in ("recipe.json", "metrics.json"))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
