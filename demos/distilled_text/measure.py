"""What the distilled text model kept of its teacher: `python -m demos.distilled_text.measure --data FOLDER`.

Bits per byte of the teacher, the distilled student and the control on text nobody learned from, the paired difference
of the last two, how far both lie from the teacher, what a token costs each, and samples. Writes
weights/distilled_text/metrics.json and the card; a part that --only leaves out keeps the figures it has,
where they are of the same weights. Some minutes on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from demos.base.emoji.table import default_data_folder
from demos.base.language.folders import open_causal
from demos.base.language.held_out import Texts, read_texts
from demos.base.language.samples import corpus_of, prompts, sample
from demos.base.measured import hash_tensors, measure_parts
from demos.base.spec import WEIGHTS
from demos.distilled_text.bill import bills
from demos.distilled_text.card import write_card
from demos.distilled_text.evaluate import MODELS, SAMPLE, TEACHER, figures, read, together
from demos.distilled_text.export import FOLDERS

PARTS = ("text", "bill", "samples")


@torch.inference_mode()
def measure_text(models: dict, texts: Texts) -> dict[str, object]:
    """Figures by domain, and of `all`."""
    context = models[TEACHER].config.max_position_embeddings
    readings = {domain: read(models, documents, context) for domain, documents in texts.held_out.items()}
    return {domain: figures(reading) for domain, reading in (*readings.items(), ("all", together(list(readings.values()))))}


def measure_samples(models: dict, texts: Texts) -> list[dict[str, object]]:
    """What each model adds to the same prompts, drawn with the same seeds."""
    corpus = corpus_of(texts)
    return [{"domain": domain, "prompt": prompt, **{name: sample(model, prompt, seed, corpus, SAMPLE) for name, model in models.items()}}
            for domain, prompt, seed in prompts(list(texts.held_out))]


def main(arguments: list[str] | None = None) -> None:
    """Measure what is asked for, write metrics.json after each part, then the card."""
    options = parse(arguments)
    folders = {name: options.weights / folder for name, folder in FOLDERS.items()}
    models = {name: open_causal(folders[name]) for name in MODELS}
    texts = read_texts(options.data, options.bytes)
    measure_parts(options.weights / "metrics.json", {name: hash_tensors(folder) for name, folder in folders.items()}, {
        "text": lambda: measure_text(models, texts),
        "bill": lambda: bills(models, folders) | {"threads": torch.get_num_threads()},
        "samples": lambda: measure_samples(models, texts)}, options.only)
    write_card(options.weights)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--weights", type=Path, default=WEIGHTS / "distilled_text")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone (may be repeated)")
    parser.add_argument("--bytes", type=int, default=60_000, help="of held-out text, of each domain")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
