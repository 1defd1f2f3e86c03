"""What a run measured: written beside the weights, read by the page and never typed again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping
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


def measure_parts(path: Path, weights: Mapping[str, str], parts: Mapping[str, Callable[[], object]],
                  only: Iterable[str] | None = None) -> None:
    """Measures one part after another and writes `path` after each: {"measured": {"machine", "date", "weights_sha256"}, part: ...}.

    Args:
        weights: by model, `hash_tensors` of what is measured.
        parts: by name, in the order in which they are written, what returns a part's figures.
        only: names of the parts to measure; another keeps the figures it has, where they are of the same weights.
    """
    figures = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if figures.get("measured", {}).get("weights_sha256") != weights:
        figures = {}
    for part in only or parts:
        start = time.perf_counter()
        figures |= {part: parts[part](), "measured": describe_machine() | {"weights_sha256": dict(weights)}}
        write_json(path, {key: figures[key] for key in ("measured", *parts) if key in figures})
        print(f"{part}: {time.perf_counter() - start:.0f} seconds", flush=True)


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
