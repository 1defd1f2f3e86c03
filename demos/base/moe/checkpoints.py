"""The mixtures whose routers can be read, the pocket ones first, and the dense model they are compared with."""

from __future__ import annotations

from ..checkpoints import any_checkpoint_allowed, find_checkpoint
from ..spec import WEIGHTS, Checkpoint

WEIGHTS_FOLDER = WEIGHTS / "moe_routing"


def _pocket(name: str, words: str, parameters: float) -> Checkpoint:
    return Checkpoint(id=f"pocket-moe-{name.removeprefix('mixtral_')}", name=words, licence="Apache-2.0", parameters=parameters,
                      folder=WEIGHTS_FOLDER / name, gigabytes=0.03, languages=("en", "zh"))


POCKET_DENSE = _pocket("dense", "Pocket dense model", 1.58)
POCKET_SWITCH = _pocket("switch", "Pocket Switch (1 of 8)", 3.65)
POCKET_MIXTRAL = _pocket("mixtral", "Pocket Mixtral (2 of 8)", 2.47)
POCKET_DEEPSEEK = _pocket("deepseek", "Pocket DeepSeek-V3 (5 of 24, 1 shared)", 2.53)
POCKET_UNBALANCED = _pocket("unbalanced", "Pocket Mixtral, never balanced", 2.47)
POCKET_EARLY = _pocket("mixtral_early", "Pocket Mixtral, early in training", 2.47)
POCKET_MIDWAY = _pocket("mixtral_midway", "Pocket Mixtral, midway in training", 2.47)
POCKETS = (POCKET_MIXTRAL, POCKET_SWITCH, POCKET_DEEPSEEK, POCKET_UNBALANCED, POCKET_EARLY, POCKET_MIDWAY)


def _full(id: str, name: str, licence: str, parameters: float, megabytes: float, gigabytes: float,
          languages: tuple[str, ...] = ("en",), revision: str | None = None) -> Checkpoint:
    return Checkpoint(id=id, name=name, licence=licence, parameters=parameters, repo=id, revision=revision,
                      files=("config.json", "model*.safetensors", "*.json", "*.txt", "*.model", "*.spm"), megabytes=megabytes,
                      gigabytes=gigabytes, languages=languages)


# `gigabytes`: a processor opens the large ones in half precision, too. Where no commit is pinned yet, see "Waiting for the
# network" in weights/README.md. Switch's main branch holds pickles: its safetensors are a pull request.
FULL_SIZE = (
    _full("ibm-granite/granite-3.1-1b-a400m-base", "Granite 3.1 1B-A400M (8 of 32)", "Apache-2.0", 1335, 2666, 3.2),
    _full("ibm-granite/granite-3.0-1b-a400m-base", "Granite 3.0 1B-A400M (8 of 32)", "Apache-2.0", 1335, 5542, 3.2),
    _full("google/switch-base-8", "Switch base 8 (1 of 8)", "Apache-2.0", 619, 1239, 3.0, revision="refs/pr/5"),
    _full("allenai/OLMoE-1B-7B-0924", "OLMoE 1B-7B (8 of 64)", "Apache-2.0", 6919, 13838, 15,
          revision="6d84c48581ece794365f2b8e9cfb043c68ade9c5"),
    _full("Qwen/Qwen1.5-MoE-A2.7B", "Qwen1.5-MoE A2.7B (4 of 60, 4 shared)", "Tongyi Qianwen", 14316, 28632, 31, ("en", "zh")),
    _full("deepseek-ai/DeepSeek-V2-Lite", "DeepSeek-V2 Lite (6 of 64, 2 shared)", "DeepSeek", 15706, 31413, 34, ("en", "zh"),
          revision="604d5664dddd88a0433dbae533b7fe9472482de0"),
    _full("mistralai/Mixtral-8x7B-v0.1", "Mixtral 8x7B (2 of 8)", "Apache-2.0", 46703, 93406, 100),
)
MIXTURES = (*POCKETS, *FULL_SIZE)


def mixture_of(id: str) -> Checkpoint:
    """The mixture a picker's id names, or the dense model beside them. Raises UserError as `find_checkpoint`."""
    return find_checkpoint(id, (*MIXTURES, POCKET_DENSE), allow_any=any_checkpoint_allowed())
