"""What the pocket mixtures learned: `python -m demos.moe_routing.measure --data FOLDER`.

Bits per byte in each domain against the dense model, with paired intervals over windows nobody learned from; how evenly the
experts are used and what they specialise in; each expert's favourite tokens; what a token costs; samples. Writes
weights/moe_routing/metrics.json and the card; a part that --only leaves out keeps the figures it has, where they are of the
same weights. Some minutes on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch

from demos.base.corpus.bits import spread
from demos.base.emoji.table import default_data_folder
from demos.base.language.folders import open_causal
from demos.base.language.held_out import Texts, read_texts
from demos.base.language.samples import corpus_of, prompts, sample
from demos.base.measured import hash_tensors, measure_parts
from demos.base.moe.routers import routers_of
from demos.base.spec import WEIGHTS
from demos.moe_routing import corpus
from demos.moe_routing.card import write_card
from demos.moe_routing.costs import bills
from demos.moe_routing.evaluate import DENSE, Reading, figures, read, together
from demos.moe_routing.export import FOLDERS
from demos.moe_routing.specialists import favourites, routing

PARTS = ("text", "routing", "favourites", "bill", "samples")
SAMPLE = 60                   # tokens that each model adds to a prompt, at most
ASKED = ("37 + 48 =", "8 * 34 =")                  # sums, beside the shared prompts


@torch.inference_mode()
def read_all(models: Mapping[str, torch.nn.Module], texts: Texts) -> dict[str, Reading]:
    """Every domain's held-out text under every model."""
    context = models[DENSE].config.max_position_embeddings
    return {domain: read(models, documents, context) for domain, documents in texts.held_out.items()}


def measure_text(readings: dict[str, Reading]) -> dict[str, object]:
    """Figures by domain, and of `all`."""
    found = {domain: figures(one, domain == corpus.SUMS) for domain, one in readings.items()}
    return found | {"all": figures(together(list(readings.values())))}


def measure_favourites(models: Mapping[str, torch.nn.Module], texts: Texts, size: int) -> dict[str, object]:
    """Over about `size` bytes of each domain's training text, spread over all of it."""
    documents = [text for split in texts.split.values() for text in spread(split.training, size)]
    return {name: favourites(model, documents, model.config.max_position_embeddings) for name, model in models.items() if name != DENSE}


def measure_samples(models: Mapping[str, torch.nn.Module], texts: Texts) -> list[dict[str, object]]:
    """What each finished model adds to the same prompts, drawn with the same seeds."""
    written = {domain: split for domain, split in texts.split.items() if domain != corpus.SUMS}
    known = corpus_of(Texts(written, {}))          # of sums any two may be alike
    asked = [*prompts(list(written)), *((corpus.SUMS, prompt, 0) for prompt in ASKED)]
    return [{"domain": domain, "prompt": prompt, **{name: sample(model, prompt, seed, known, SAMPLE) for name, model in models.items()}}
            for domain, prompt, seed in asked]


def main(arguments: list[str] | None = None) -> None:
    """Measure what is asked for, write metrics.json after each part, then the card."""
    options = parse(arguments)
    folders = {name: options.weights / name for name in FOLDERS if (options.weights / name).exists()}
    models = {name: open_causal(folder) for name, folder in folders.items()}
    texts = read_texts(options.data, options.bytes, corpus.DOMAINS, corpus.read_domain)
    readings = cache(lambda: read_all(models, texts))
    finished = {name: model for name, model in models.items() if not name.startswith("mixtral_")}
    measure_parts(options.weights / "metrics.json", {name: hash_tensors(folder) for name, folder in folders.items()}, {
        "text": lambda: measure_text(readings()),
        "routing": lambda: {name: routing(name, routers_of(model)[0].count, readings()) for name, model in models.items() if name != DENSE},
        "favourites": lambda: measure_favourites(models, texts, options.bytes * 5),
        "bill": lambda: {"threads": torch.get_num_threads(), "models": bills(finished, folders)},
        "samples": lambda: measure_samples(finished, texts)}, options.only)
    write_card(options.weights)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--weights", type=Path, default=WEIGHTS / "moe_routing")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone (may be repeated)")
    parser.add_argument("--bytes", type=int, default=60_000, help="of held-out text, of each domain")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
