"""What a trained folder can do: the figures of metrics.json, each computed from the files it ships.

Pictures and texts go through open_clip's own preprocessing and tokenizer, as a visitor's do.
"""

import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from demos.base.clip.domain import auroc, busy_share, out_of_domain_score
from demos.base.clip.templates import read_templates
from demos.base.emoji import augment
from demos.base.emoji.batches import PictureSource
from demos.base.emoji.captions import LANGUAGES, Captioner
from demos.base.emoji.table import EmojiRow
from demos.base.emoji.bank import PictureBank

PASSING = 0.95  # share of emoji that the out-of-domain threshold lets through


class Folder:
    """An open_clip folder opened in float32, with its own preprocessing and tokenizer."""

    def __init__(self, path: Path):
        import open_clip

        self.model, _, self.preprocess = open_clip.create_model_and_transforms(f"local-dir:{path}")
        self.tokenizer = open_clip.get_tokenizer(f"local-dir:{path}")
        self.model.eval()
        self._texts: dict[str, np.ndarray] = {}

    @torch.inference_mode()
    def read_pictures(self, pictures: np.ndarray | list) -> np.ndarray:
        """Features (B, E), unit length, of (B, 64, 64, 3) uint8 arrays or a list of PIL images."""
        images = [picture if isinstance(picture, Image.Image) else Image.fromarray(picture) for picture in pictures]
        features = [self.model.encode_image(torch.stack([self.preprocess(image) for image in images[i:i + 128]]),
                                            normalize=True) for i in range(0, len(images), 128)]
        return torch.cat(features).numpy()

    @torch.inference_mode()
    def read_texts(self, texts: list[str]) -> np.ndarray:
        """Features (B, E), unit length; a text once read is remembered."""
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        for start in range(0, len(new), 256):
            part = new[start:start + 256]
            self._texts.update(zip(part, self.model.encode_text(self.tokenizer(part), normalize=True).numpy()))
        return np.stack([self._texts[text] for text in texts])

    def name_features(self, names: list[str], templates: list[str]) -> np.ndarray:
        """(N, E), unit length: the mean over templates of each name's features."""
        total = sum(self.read_texts([template.replace("{}", name) for name in names]) for template in templates)
        return total / np.linalg.norm(total, axis=1, keepdims=True)


def paint_on_white(pictures: np.ndarray) -> np.ndarray:
    """(B, 4, 64, 64) uint8 premultiplied RGBA -> (B, 64, 64, 3) uint8 on white."""
    return (pictures[:, :3] + (255 - pictures[:, 3:])).transpose(0, 2, 3, 1)


def rank_names(features: np.ndarray, names: np.ndarray, classes: np.ndarray, same: list) -> dict[str, float]:
    """Top-1 and top-5 of pictures among names; a name equal to the right one is right.

    Args: features (B, E); names (N, E); classes (B,) the right name's index; same: N hashable names.
    """
    order = np.argsort(-(features @ names.T), axis=1)[:, :5]
    right = np.array([[same[j] == same[c] for j in row] for row, c in zip(order, classes)])
    return {"top1": float(right[:, 0].mean()), "top5": float(right.any(1).mean()), "n": len(classes)}


def measure_zero_shot(folder: Folder, rows: list[EmojiRow], bank: PictureBank) -> dict[str, dict]:
    """{style: {language: {single, ensemble: {top1, top5, n}}}} among all names, and per group in English."""
    templates = read_templates()
    result = {}
    for style, pictures, has in zip(bank.styles, bank.pictures, bank.has):
        features = folder.read_pictures(paint_on_white(pictures[has]))
        result[style] = {}
        for language in LANGUAGES:
            names = [getattr(row, f"name_{language}") for row in rows]
            named = np.array([bool(name) for name in names])
            index = np.cumsum(named) - 1
            listed = [name for name in names if name]
            shown = named[has]
            classes = index[has][shown]
            result[style][language] = {
                kind: rank_names(features[shown], folder.name_features(listed, chosen), classes, listed)
                for kind, chosen in (("single", templates[language][:1]), ("ensemble", templates[language]))}
        result[style]["per_group"] = measure_groups(folder, rows, features, np.nonzero(has)[0], templates["en"])
    return result


def measure_groups(folder: Folder, rows, features: np.ndarray, classes: np.ndarray, templates: list[str]) -> dict:
    """Top-1 and top-5 of each emoji group among all names, English ensemble."""
    listed = [row.name_en for row in rows]
    names = folder.name_features(listed, templates)
    members = defaultdict(list)
    for place, index in enumerate(classes):
        members[rows[index].group].append(place)
    return {group: rank_names(features[places], names, classes[places], listed) for group, places in members.items()}


def measure_scenes(folder: Folder, rows: list[EmojiRow], bank: PictureBank, size: int = 500) -> dict[str, float]:
    """Which of four captions fits a scene: the right one or one with other counts or another object.

    Chance is 0.25. Also the two halves apart: against other counts only, against other objects only.
    """
    torch.manual_seed(7)
    rng = random.Random(7)
    source = PictureSource(bank, lines=0.0)
    source.strength = 0.0
    pictures, kinds, counts = source.scenes(size)
    captioner = Captioner(rows, rng)
    features = folder.read_pictures(((pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())
    texts = []
    for kind, count in zip(kinds, counts):
        language = rng.choice(LANGUAGES)
        wrong = captioner.wrong_scenes(kind, count, source.classes)
        texts += [captioner.scene(*pair, language) for pair in [(kind, count), *wrong]]
    scores = np.einsum("be,bke->bk", features, folder.read_texts(texts).reshape(size, 4, -1))
    return {"accuracy": float((scores.argmax(1) == 0).mean()), "captions": 4, "n": size,
            "other_count": float((scores[:, 0] > scores[:, 1]).mean()),
            "other_object": float((scores[:, 0] > scores[:, 2]).mean())}


def measure_sketches(folder: Folder, data: Path, per_class: int = 200) -> dict[str, float]:
    """Drawings by people, which no run has seen: six names, and the same six among nothing else."""
    stored = np.load(Path(data) / "quickdraw" / "quickdraw6.npz")
    names = [str(name) for name in stored["class_names"]]
    images, classes = [], []
    for label in range(len(names)):
        chosen = np.nonzero(stored["labels"] == label)[0][:per_class]
        images += [Image.fromarray(255 - stored["images"][i]).convert("RGB").resize((64, 64), Image.BICUBIC)
                   for i in chosen]
        classes += [label] * len(chosen)
    features = folder.read_pictures(images)
    weights = folder.name_features(names, read_templates()["en"])
    right = (features @ weights.T).argmax(1) == np.array(classes)
    return {"top1": float(right.mean()), "names": len(names), "n": len(classes)}


def augment_bank(bank: PictureBank, seed: int = 11) -> np.ndarray:
    """(B, 64, 64, 3) uint8: every picture once, shifted, turned and recoloured a little, on varied grounds."""
    torch.manual_seed(seed)
    shown = []
    for pictures, has in zip(bank.pictures, bank.has):
        objects = torch.from_numpy(pictures[has]).float() / 255
        size, rigid = len(objects), torch.from_numpy(bank.rigid[has])
        scale, shift = torch.empty(size).uniform_(0.7, 1.0), torch.empty(size, 2).uniform_(-0.1, 0.1)
        objects = augment.warp(objects, rigid, scale, shift, 0.4)
        painted = augment.over(objects, augment.paint_ground(size, 64, 0.6)).clamp(0, 1)
        shown.append((painted * 255).round().byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(shown)


def measure_domain(folder: Folder, bank: PictureBank, gallery: np.ndarray, data: Path) -> dict[str, dict]:
    """How well emoji of the bank and photographs come apart, by features alone and with the busy share.

    Each emoji counts twice, plain on white and varied by `augment_bank`. The threshold lets PASSING of
    the varied ones through: visitors' pictures are seldom plain.
    """
    photos = [Image.open(path).convert("RGB") for path in sorted((Path(data) / "photos").glob("*.jpg"))]
    plain = np.concatenate([paint_on_white(pictures[has]) for pictures, has in zip(bank.pictures, bank.has)])
    varied = augment_bank(bank)
    groups = {"strange": photos, "plain": plain, "varied": varied}
    features = {name: folder.read_pictures(pictures) for name, pictures in groups.items()}
    busy = {name: np.array([busy_share(np.asarray(picture)) for picture in pictures])
            for name, pictures in groups.items()}
    return {"features": rate_scores({name: out_of_domain_score(features[name], gallery) for name in groups}),
            "with_picture": rate_scores({name: out_of_domain_score(features[name], gallery, busy[name])
                                         for name in groups})}


def rate_scores(scores: dict[str, np.ndarray]) -> dict[str, float]:
    """AUROC, threshold and the share of photographs it flags, from scores of three kinds of pictures."""
    familiar = np.concatenate([scores["plain"], scores["varied"]])
    threshold = float(np.quantile(scores["varied"], PASSING))
    return {"auroc": auroc(familiar, scores["strange"]), "auroc_plain": auroc(scores["plain"], scores["strange"]),
            "auroc_varied": auroc(scores["varied"], scores["strange"]), "threshold": threshold,
            "photographs_flagged": float((scores["strange"] > threshold).mean()),
            "photographs": len(scores["strange"]), "emoji": len(familiar)}


def gallery_features(folder: Folder, rows: list[EmojiRow], bank: PictureBank) -> dict[str, np.ndarray]:
    """image_features: mean over styles; text_features_en and _zh: mean over templates. All (N, E), unit."""
    total = np.zeros((len(rows), folder.model.visual.output_dim), np.float32)
    for pictures, has in zip(bank.pictures, bank.has):
        total[has] += folder.read_pictures(paint_on_white(pictures[has]))
    templates = read_templates()
    texts = {f"text_features_{language}": folder.name_features(
        [getattr(row, f"name_{language}") or row.name_en for row in rows], templates[language])
        for language in LANGUAGES}
    norms = np.linalg.norm(total, axis=1, keepdims=True)
    missing = norms[:, 0] == 0
    total[missing] = texts["text_features_en"][missing]  # no picture in these styles: its name stands in
    return {"image_features": total / np.where(norms == 0, 1, norms), **texts}
