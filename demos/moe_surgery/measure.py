"""What operations cost on text that no mixture learned from: `python -m demos.moe_surgery.measure --data FOLDER`.

Each pocket mixture reads the same windows of held-out stories, poems and Python as it is, with one expert a token, with all of
them, with shuffled scores, with a hot gate, and without each expert alone. Writes weights/moe_surgery/metrics.json, which the
story quotes; a few minutes on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from demos.base.corpus.texts import Split, read_split
from demos.base.emoji.table import default_data_folder
from demos.base.language.folders import open_causal
from demos.base.measured import hash_tensors, measure_parts
from demos.base.moe.ranking import KnockOut, knock_outs, nats_of
from demos.base.moe.routers import routers_of
from demos.base.moe.surgery import NOTHING, Surgery
from demos.base.spec import WEIGHTS
from demos.base.tokenizer import BOS_ID, load_tokenizer

DOMAINS = ("stories", "poems", "python")
NAMES = ("mixtral", "switch", "deepseek", "unbalanced")
WINDOWS, SEED, HOT = 8, 0, 16.0                    # windows of each domain; seed of the shuffling; the hot gate's temperature


def windows(splits: Mapping[str, Split], count: int, context: int) -> list[torch.Tensor]:
    """(1, T) ids each: the beginnings of `count` held-out documents of every domain, spread over all of them, as a model reads
    them; T at most `context`."""
    tokenizer, found = load_tokenizer(), []
    for split in splits.values():
        for place in np.linspace(0, len(split.held_out) - 1, min(count, len(split.held_out))).astype(int):
            ids = tokenizer(split.held_out[place], add_special_tokens=False).input_ids[:context - 1]
            found.append(torch.tensor([[BOS_ID, *ids]]))
    return [ids for ids in found if ids.shape[1] > 1]


def surgeries(experts: int) -> dict[str, Surgery]:
    """By the name that metrics.json has for what they cost."""
    return {"plain": NOTHING, "one": Surgery(top_k=1), "all": Surgery(top_k=experts), "shuffled": Surgery(shuffle=True, seed=SEED),
            "hot": Surgery(temperature=HOT)}


def measure(network, texts: Sequence[torch.Tensor]) -> dict[str, object]:
    """Of one mixture: `tokens` foretold, mean nats a token under each surgery, and `without` each expert how many `more`."""
    routers = routers_of(network)
    count = sum(ids.shape[1] - 1 for ids in texts)
    found: dict[str, object] = {"tokens": count, "top_k": routers[0].gate.top_k, "experts": routers[0].count}
    for name, surgery in surgeries(routers[0].count).items():
        found[name] = round(sum(float(nats_of(network, ids, surgery).sum()) for ids in texts) / count, 5)
    lost = {(router.layer, expert): 0.0 for router in routers for expert in range(router.count)}
    for ids in texts:
        base, *batches = knock_outs(network, ids)
        for one in (each for batch in batches for each in batch):
            lost[one.layer, one.expert] += _more(one, base.nats)
    found["without"] = [{"layer": layer, "expert": expert, "more": round(more / count, 5)} for (layer, expert), more in lost.items()]
    return found


def _more(one: KnockOut, base: np.ndarray) -> float:
    return float((one.nats.astype(np.float64) - base).sum()) if one.tried else 0.0


def main(arguments: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--weights", type=Path, default=WEIGHTS / "moe_routing", help="the folder of the mixtures' folders")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "moe_surgery")
    parser.add_argument("--windows", type=int, default=WINDOWS, help="of each domain")
    parser.add_argument("--only", choices=NAMES, action="append", help="measure this mixture alone (may be repeated)")
    options = parser.parse_args(arguments)
    folders = {name: options.weights / name for name in NAMES if (options.weights / name).exists()}
    splits = {domain: read_split(options.data, domain) for domain in DOMAINS}

    def of(name: str) -> dict[str, object]:
        network = open_causal(folders[name])
        return measure(network, windows(splits, options.windows, network.config.max_position_embeddings))

    measure_parts(options.out / "metrics.json", {name: hash_tensors(folder) for name, folder in folders.items()},
                  {name: lambda name=name: of(name) for name in folders}, options.only)


if __name__ == "__main__":
    main()
