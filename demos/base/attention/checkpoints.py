"""The models whose attention can be shown, the pocket ones first, and what each reads.

Four kinds: `causal` continues a text, `masked` fills gaps, `translation` reads one sentence and writes
another, `vision` looks at a picture.
"""

from __future__ import annotations

from ..checkpoints import any_checkpoint_allowed, find_checkpoint
from ..language.kinds import CAUSAL, MASKED, TRANSLATION
from ..spec import WEIGHTS, Checkpoint

WEIGHTS_FOLDER = WEIGHTS / "attention_viewer"
VISION = "vision"
KINDS = (CAUSAL, MASKED, TRANSLATION, VISION)

POCKET_CAUSAL = Checkpoint(
    id="pocket-causal", name="Pocket GPT", licence="Apache-2.0", parameters=4.21, folder=WEIGHTS_FOLDER / "causal",
    gigabytes=0.05, languages=("en", "zh"))
POCKET_MASKED = Checkpoint(
    id="pocket-masked", name="Pocket BERT", licence="Apache-2.0", parameters=4.24, folder=WEIGHTS_FOLDER / "masked",
    gigabytes=0.05, languages=("en", "zh"))
POCKET_TRANSLATOR = Checkpoint(
    id="pocket-translator", name="Pocket T5Gemma (English to Chinese)", licence="Apache-2.0", parameters=5.1,
    folder=WEIGHTS_FOLDER / "translator", gigabytes=0.05, languages=("en", "zh"))
# The vision tower (2.27 M) of the pocket CLIP, read out of its open_clip folder, which holds the text tower too.
POCKET_VISION = Checkpoint(
    id="pocket-vision", name="Pocket CLIP ViT", licence="Apache-2.0", parameters=4.16,
    folder=WEIGHTS / "clip_zero_shot" / "pocket", gigabytes=0.05, languages=("en", "zh"))
# A GPT-2's learned table of positions, (256, 192): that of a twin of the pocket GPT, of which nothing else is kept.
POSITIONS_FOLDER, POSITIONS_FILE, POSITIONS = WEIGHTS_FOLDER / "positions", "positions.safetensors", "transformer.wpe.weight"
POCKETS = {CAUSAL: POCKET_CAUSAL, MASKED: POCKET_MASKED, TRANSLATION: POCKET_TRANSLATOR, VISION: POCKET_VISION}

_TEXT = ("config.json", "*.safetensors", "*.json", "*.txt", "*.model", "*.spm")


def _full(id: str, name: str, licence: str, parameters: float, megabytes: float, gigabytes: float, languages: tuple[str, ...],
          revision: str | None = None, files: tuple[str, ...] = _TEXT) -> Checkpoint:
    return Checkpoint(id=id, name=name, licence=licence, parameters=parameters, repo=id, revision=revision, files=files,
                      megabytes=megabytes, gigabytes=gigabytes, languages=languages)


# `gigabytes`: measured in float32 on a processor is about four bytes a parameter and half as much again.
# Where no commit is pinned yet, see "Waiting for the network" in weights/README.md.
FULL_SIZE: tuple[tuple[Checkpoint, str], ...] = (
    (_full("openai-community/gpt2", "GPT-2", "MIT", 124, 548, 0.8, ("en",)), CAUSAL),
    (_full("distilbert/distilgpt2", "DistilGPT-2", "Apache-2.0", 82, 353, 0.6, ("en",)), CAUSAL),
    (_full("Qwen/Qwen3-0.6B", "Qwen3 0.6B", "Apache-2.0", 596, 1503, 3.0, ("en", "zh")), CAUSAL),
    (_full("HuggingFaceTB/SmolLM2-135M", "SmolLM2 135M (Llama)", "Apache-2.0", 135, 269, 0.9, ("en",)), CAUSAL),
    (_full("google-bert/bert-base-uncased", "BERT base", "Apache-2.0", 110, 440, 0.7, ("en",)), MASKED),
    (_full("google-bert/bert-base-chinese", "BERT base Chinese", "Apache-2.0", 102, 412, 0.7, ("zh",)), MASKED),
    (_full("google-bert/bert-base-multilingual-cased", "BERT base multilingual", "Apache-2.0", 178, 714, 1.1, ("en", "zh")),
     MASKED),
    (_full("Helsinki-NLP/opus-mt-en-zh", "OPUS-MT English to Chinese", "Apache-2.0", 78, 312, 0.6, ("en", "zh"),
           revision="refs/pr/6"), TRANSLATION),
    (_full("google/vit-base-patch16-224", "ViT B/16", "Apache-2.0", 87, 346, 0.6, ("en",)), VISION),
    (_full("facebook/dino-vits8", "DINO ViT-S/8", "Apache-2.0", 22, 87, 0.3, ("en", "zh"),
           revision="483f2fc47097ae6f0afc8bcfb43004224bddeae2"), VISION),
)
KIND_OF = {checkpoint.id: kind for kind, checkpoint in POCKETS.items()} | {c.id: kind for c, kind in FULL_SIZE}
# A pocket model is offered once its recipe has been run.
ATTENTION_MODELS = (*(pocket for pocket in POCKETS.values() if pocket.folder.is_dir()), *(checkpoint for checkpoint, _ in FULL_SIZE))


def attention_model_of(id: str) -> Checkpoint:
    """The model a picker's id names. Raises UserError as `find_checkpoint`."""
    return find_checkpoint(id, ATTENTION_MODELS, allow_any=any_checkpoint_allowed())
