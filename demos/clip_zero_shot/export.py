"""Writes everything a run leaves behind: open_clip folder, gallery, golden tensors, recipe, card."""

import shutil
from pathlib import Path

import numpy as np
import torch

from demos.base.checkpoints import write_checksums
from demos.base.tokenizer import FOLDER as TOKENIZER_FOLDER
from demos.base.emoji.table import EmojiRow
from demos.base.measured import write_json
from demos.clip_zero_shot.measure import Folder
from demos.clip_zero_shot.towers import model_config, preprocess_config

LIBRARIES = ("torch", "torchvision", "open_clip_torch", "transformers", "tokenizers", "safetensors", "numpy", "pillow")


def write_pocket(clip, folder: Path) -> None:
    """The open_clip folder: configuration, half-precision weights, tokenizer, checksums."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "open_clip_config.json",
               {"model_cfg": model_config(), "preprocess_cfg": preprocess_config()})
    state = {name: value.half().contiguous() for name, value in clip.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors", metadata={"format": "pt"})
    (folder / "open_clip_model.safetensors").chmod(0o644)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(TOKENIZER_FOLDER / name, folder / name)
    write_checksums(folder)


def write_gallery(folder: Path, rows: list[EmojiRow], features: dict[str, np.ndarray]) -> None:
    """gallery.json and gallery.safetensors: the emoji in order, and their features in half precision."""
    from safetensors.numpy import save_file

    write_json(folder / "gallery.json", [
        {"key": row.key, "emoji": row.emoji, "name_en": row.name_en, "name_zh": row.name_zh or row.name_en,
         "group": row.group} for row in rows])
    save_file({name: np.ascontiguousarray(value.astype(np.float16)) for name, value in features.items()},
              folder / "gallery.safetensors")
    (folder / "gallery.safetensors").chmod(0o644)


def draw_golden_pictures() -> torch.Tensor:
    """(3, 3, 64, 64) float32 in [-1, 1]: a disc, stripes and a ramp, drawn by formula."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    disc = torch.where((x ** 2 + y ** 2 < 0.5)[None], torch.tensor([1.0, -0.6, -0.6])[:, None, None], torch.ones(1))
    stripes = torch.sin(12 * x + 5 * y).expand(3, -1, -1)
    return torch.stack([disc, stripes, torch.stack([x, y, -x])])


@torch.inference_mode()
def write_golden(folder: Path, pocket: Path, texts: list[str]) -> None:
    """Inputs, one intermediate and outputs of the shipped weights for `texts`, computed in float32."""
    from safetensors.torch import save_file

    opened = Folder(pocket)
    # Rounded first, so that the stored half-precision inputs are the ones the outputs belong to.
    pictures, ids = draw_golden_pictures().half().float(), opened.tokenizer(texts)
    seen = opened.model.visual.forward_intermediates(pictures, indices=[1], output_fmt="NLC")
    image, text = opened.model.encode_image(pictures), opened.model.encode_text(ids)
    save_file({"pictures": pictures.half(), "text_ids": ids.to(torch.int32),
               "vision_block_1": seen["image_intermediates"][0].float().contiguous(),
               "image_features": image.float(), "text_features": text.float(),
               "logits": (opened.model.logit_scale.exp() * torch.nn.functional.normalize(image, dim=-1)
                          @ torch.nn.functional.normalize(text, dim=-1).T).float()},
              folder / "golden.safetensors")
    (folder / "golden.safetensors").chmod(0o644)


CARD = """---
license: apache-2.0
library_name: open_clip
pipeline_tag: zero-shot-image-classification
language: [en, zh]
datasets: [noto-emoji, twemoji, fluentui-emoji, unicode-cldr]
arxiv: "2103.00020"
---

# Pocket CLIP

A bilingual CLIP of {parameters} parameters for 64x64 pictures: it names drawings of things, in English
and Chinese, on an ordinary processor. `open_clip.create_model_and_transforms("local-dir:pocket")` and
`open_clip.get_tokenizer("local-dir:pocket")` open it. It knows about 1,030 emoji in four drawing
styles; it has never seen a photograph.

## Measured

Zero-shot, one name out of all. A twin of the same recipe that never saw a style is asked about it.

| pictures | language | templates | top-1 | top-5 | pictures asked |
|---|---|---|---|---|---|
{table}

- Scenes of two or three emoji, right caption among four: {scenes} (unseen Twemoji, by the twin), {scenes_seen} (shipped model, styles it has seen); chance is 25 %.
- Sketches drawn by people (six names, never seen): {sketches}; chance is 17 %.
- Photographs told from emoji: AUROC {auroc} by features alone and {auroc_picture} with the share of the picture that is not flat; for the Twemoji twin on Twemoji {auroc_unseen} and {auroc_unseen_picture}.

All figures are in `metrics.json`, with date and machine.

## Made by

`python -m demos.clip_zero_shot.train` ({minutes} minutes on {machine}). Settings, seeds, versions and hashes are
in `recipe.json`. {history}

## Limits

Photographs, text in pictures, people and faces outside the emoji style, and anything without an
emoji are outside what it has seen; the demo warns by `out_of_domain_score`. Counting and left from
right are weak. Names are Unicode's, with Unicode's choices.

## Data

Noto Emoji (Apache-2.0; the repository's root licence is now SIL OFL 1.1), Twemoji (CC BY 4.0,
Copyright 2020 Twitter, Inc and other contributors), Fluent Emoji (MIT, Copyright (c) Microsoft
Corporation), names and keywords from Unicode CLDR (Unicode License v3) and emojibase (MIT). The
tokenizer was also trained on the text corpora named in the project's NOTICE. No picture is included.
"""


def percent(value: float) -> str:
    """0.613 -> `61.3 %`."""
    return f"{100 * value:.1f} %"


def write_card(folder: Path, metrics: dict, history: str) -> None:
    """README.md with every figure read from metrics.json."""
    labels = {"unseen_twemoji": "Twemoji, never seen (twin)", "unseen_fluent3d": "Fluent 3D, never seen (twin)",
              "unseen_fluentflat": "Fluent flat, never seen (twin)"}
    labels |= {f"shipped_seen/{style}": f"{style}, seen (shipped)" for style in metrics["zero_shot"]["shipped_seen"]}
    lines = []
    for key, label in labels.items():
        scores = metrics["zero_shot"]
        for part in key.split("/"):
            scores = scores.get(part) if scores else None
        for language in ("en", "zh") if scores else ():
            for kind in ("single", "ensemble"):
                figure = scores[language][kind]
                lines.append(f"| {label} | {language} | {kind} | {percent(figure['top1'])} | "
                             f"{percent(figure['top5'])} | {figure['n']:,} |")
    domain = metrics["out_of_domain"]
    (folder / "README.md").write_text(CARD.format(
        parameters=f"{metrics['parameters'] / 1e6:.1f} million", table="\n".join(lines),
        scenes=percent(metrics["scenes"]["unseen_twemoji"]["accuracy"]),
        scenes_seen=percent(metrics["scenes"]["shipped_seen"]["accuracy"]), sketches=percent(metrics["sketches"]["shipped"]["top1"]),
        auroc=f"{domain['auroc']:.3f}", auroc_picture=f"{domain['with_picture']['auroc']:.3f}",
        auroc_unseen=f"{domain['unseen_twemoji']['features']['auroc']:.3f}",
        auroc_unseen_picture=f"{domain['unseen_twemoji']['with_picture']['auroc']:.3f}",
        minutes=f"{metrics['measured']['minutes']:.0f}", machine=metrics["measured"]["machine"], history=history),
        encoding="utf-8")
