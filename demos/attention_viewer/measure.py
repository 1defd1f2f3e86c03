"""What the pocket text models learned: `python -m demos.attention_viewer.measure --data FOLDER`.

Bits per byte, accuracy of hidden tokens, chrF and BLEU on text nobody learned from, and the heads that can be
told by where they look. Writes weights/attention_viewer/metrics.json and the card. A model whose folder is
missing, or that --only leaves out, keeps the figures it has. Some minutes on two cores; needs sacrebleu
(requirements-dev.txt).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch

from demos.attention_viewer import measure_causal, measure_masked, measure_translator
from demos.attention_viewer.card import write_card
from demos.attention_viewer.export import MODELS, open_model
from demos.attention_viewer.held_out import Extent
from demos.base.attention.checkpoints import WEIGHTS_FOLDER
from demos.base.emoji.table import default_data_folder
from demos.base.language.held_out import read_texts
from demos.base.measured import describe_machine, hash_tensors, write_json


@torch.inference_mode()
def measure_model(name: str, folder: Path, data: Path, extent: Extent) -> dict[str, object]:
    """One model's part of metrics.json."""
    start = time.perf_counter()
    model = open_model(folder)
    if name == "translator":
        found = measure_translator.figures(model, data, extent)
    else:
        measure = measure_causal if name == "causal" else measure_masked
        found = measure.figures(model, read_texts(data, extent.size), extent)
    return {"measured": {**describe_machine(), "seconds": round(time.perf_counter() - start),
                         "weights_sha256": hash_tensors(folder)}, **found}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is there, write metrics.json after each model, then the card."""
    options = parse(arguments)
    path = options.weights / "metrics.json"
    metrics = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    measure_translator.read_everyday(options.data)
    extent = Extent(size=options.bytes, pairs=options.pairs, beams=options.beams)
    for name in options.only or MODELS:
        if not (options.weights / name).exists():
            print(f"{name}: no such folder in {options.weights}", flush=True)
            continue
        found = measure_model(name, options.weights / name, options.data, extent)
        metrics |= {"measured": describe_machine(), name: found}
        write_json(path, {key: metrics[key] for key in ("measured", *MODELS) if key in metrics})
        print(f"{name}: {found['measured']['seconds']} seconds", flush=True)
    write_card(options.weights)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FOLDER)
    parser.add_argument("--only", choices=MODELS, action="append", help="measure this model alone (may be repeated)")
    parser.add_argument("--bytes", type=int, default=60_000, help="of held-out text, of each domain")
    parser.add_argument("--pairs", type=int, default=0, help="held-out sentences to translate; 0 is all")
    parser.add_argument("--beams", type=int, default=1, help="translate a second time with so many beams")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
