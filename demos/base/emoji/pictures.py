"""The pictures a pocket Stable Diffusion learns from: drawings, drawings in another colour, scenes of two.

All lie on white paper, (B, 3, 64, 64) uint8. Held out, so that new combinations can be measured: pairs of
a name and a colour. Some pairs of a name and a style appear in scenes only, at half size.
"""

import random
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demos.base.emoji.bank import PictureBank, read_bank
from demos.base.emoji.captions import LANGUAGES, Captioner
from demos.base.emoji.table import STYLES, EmojiRow

STYLE_SHARES = {"noto": 0.4, "twemoji": 0.2, "fluent3d": 0.2, "fluentflat": 0.2}
# A caption without a word for the style mostly means the first style, so that a bare name has one answer.
STYLED = {"noto": 0.3, "twemoji": 0.85, "fluent3d": 0.85, "fluentflat": 0.85}
HELD_OUT_COLOURS, HELD_OUT_STYLES = 0.1, 0.04
SCENES, SCENE_SEED = 24_000, 0     # how many scenes of two are drawn, and from which seed


def read_colours() -> list[dict]:
    """Colour words in both languages, with the hue in degrees."""
    path = Path(__file__).with_name("colours.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))["colours"]


def is_held_out(share: float, *parts: object) -> bool:
    """Whether a combination is kept from training: the same on every machine and in every run."""
    return zlib.crc32("|".join(map(str, parts)).encode()) % 10_000 < share * 10_000


def on_white(objects: np.ndarray) -> np.ndarray:
    """(N, 4, H, W) uint8 premultiplied -> (N, 3, H, W) uint8 on white."""
    return objects[:, :3] + (255 - objects[:, 3:])


def main_hue(picture: np.ndarray) -> tuple[float, np.ndarray] | None:
    """The hue most of a (4, H, W) premultiplied drawing has, in degrees, and the (H, W) share of it in each pixel.

    None where the drawing has no clear hue of its own: too grey, or of many colours.
    """
    alpha = picture[3].astype(np.float64)
    red, green, blue = picture[:3].astype(np.float64) / np.maximum(alpha, 1)
    high, low = np.maximum.reduce([red, green, blue]), np.minimum.reduce([red, green, blue])
    chroma = (high - low) * alpha / 255
    x, y = red - (green + blue) / 2, (green - blue) * 3 ** 0.5 / 2
    hue = np.degrees(np.arctan2(y, x)) % 360
    counts, _ = np.histogram(hue, 36, (0, 360), weights=chroma)
    around = counts + np.roll(counts, 1) + np.roll(counts, -1)
    if chroma.sum() < 0.22 * alpha.sum() / 255 or around.max() < 0.5 * counts.sum():
        return None
    best = (np.argmax(around) + 0.5) * 10
    away = np.abs((hue - best + 180) % 360 - 180)
    return best, np.clip((60 - away) / 20, 0, 1)


def recolour(picture: np.ndarray, hue: float) -> np.ndarray | None:
    """A (4, H, W) premultiplied drawing with its main hue turned to `hue`; None where it has none."""
    found = main_hue(picture)
    if found is None:
        return None
    best, share = found
    # Rodrigues' rotation about the grey axis turns the hue and keeps each pixel's mean.
    angle, axis = np.radians(hue - best), 3 ** -0.5
    cross = axis * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    matrix = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) / 3
    colour = picture[:3].astype(np.float64)
    turned = np.einsum("ij,jhw->ihw", matrix, colour)
    # Turning can leave the cube: keep the hue by moving towards the pixel's grey.
    alpha, grey = picture[3].astype(np.float64), turned.mean(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(turned > grey, (alpha - grey) / (turned - grey), grey / (grey - turned))
    keep = np.nan_to_num(np.minimum(room.min(0), 1.0), nan=1.0).clip(0, 1)
    turned = grey + (turned - grey) * keep
    mixed = colour + share * (turned - colour)
    return np.concatenate([np.clip(mixed.round(), 0, alpha), picture[3:]]).astype(np.uint8)


@dataclass(frozen=True)
class Drawn:
    """Pictures and what each shows: (B, 3, 64, 64) uint8; per picture the rows, the style and the colour or -1."""

    pictures: np.ndarray
    rows: list[tuple[int, ...]]
    styles: list[str]
    colours: list[int]


def plain(bank: PictureBank, held_out: bool = False) -> Drawn:
    """Every drawing of every style, without the pairs of name and style that are left to the scenes, or those alone."""
    chosen = [(s, n) for s, style in enumerate(bank.styles) for n in np.flatnonzero(bank.has[s]).tolist()
              if (style != bank.styles[0] and is_held_out(HELD_OUT_STYLES, style, n)) == held_out]
    return Drawn(on_white(np.stack([bank.pictures[s, n] for s, n in chosen])), [(n,) for _, n in chosen],
                 [bank.styles[s] for s, _ in chosen], [-1] * len(chosen))


def coloured(bank: PictureBank) -> Drawn:
    """Every drawing that has one main hue, turned to every colour the recipe names but its own."""
    pictures, rows, styles, colours = [], [], [], []
    for s, style in enumerate(bank.styles):
        for n in np.flatnonzero(bank.has[s] & ~bank.tinted).tolist():
            found = main_hue(bank.pictures[s, n])
            if found is None or (style != bank.styles[0] and is_held_out(HELD_OUT_STYLES, style, n)):
                continue
            for c, colour in enumerate(read_colours()):
                if not is_held_out(HELD_OUT_COLOURS, colour["en"], n):
                    pictures.append(recolour(bank.pictures[s, n], colour["hue"]))
                    rows.append((n,))
                    styles.append(style)
                    colours.append(c)
    return Drawn(on_white(np.stack(pictures)), rows, styles, colours)


def scenes(bank: PictureBank, size: int, seed: int) -> Drawn:
    """Two things side by side in one style, the first named on the left."""
    from PIL import Image

    draw = random.Random(seed)
    pictures, rows, styles = [], [], []
    for _ in range(size):
        style = draw.choices(bank.styles, [STYLE_SHARES[style] for style in bank.styles])[0]
        s = bank.styles.index(style)
        pair = tuple(draw.sample(np.flatnonzero(bank.has[s]).tolist(), 2))
        canvas = Image.new("RGBA", (64, 64))
        for place, n in enumerate(pair):
            small = Image.fromarray(bank.pictures[s, n].transpose(1, 2, 0), "RGBa").resize((31, 31), Image.Resampling.BOX)
            canvas.paste(small.convert("RGBA"), (1 + 32 * place, 17))
        pictures.append(np.asarray(canvas.convert("RGBa")).transpose(2, 0, 1))
        rows.append(pair)
        styles.append(style)
    return Drawn(on_white(np.stack(pictures)), rows, styles, [-1] * size)


class Missing:
    """Tells whether what a prompt asks for was ever drawn: names in a colour, two things in one scene."""

    def __init__(self, rows: list[EmojiRow], data: Path, scene_count: int = SCENES) -> None:
        bank = read_bank(data, rows, STYLES)
        self.places = {row.name_en: number for number, row in enumerate(rows)}
        self.scenes = {frozenset(pair) for pair in scenes(bank, scene_count, SCENE_SEED).rows}
        shown, words = coloured(bank), [colour["en"] for colour in read_colours()]
        self.colours = {(row, words[colour]) for (row,), colour in zip(shown.rows, shown.colours)}

    def check(self, entry: Mapping[str, object]) -> None:
        """Raises ValueError when the training drew what the entry of novel.toml asks for."""
        if "pair" in entry:
            drawn = frozenset(self.places[name] for name in entry["pair"]) in self.scenes
        else:
            drawn = (self.places[entry["name"]], entry["colour"]) in self.colours
        if drawn:
            raise ValueError(f"not new, the training drew it: {entry['prompt']}")


class Prompts:
    """Writes a prompt for a drawn picture, in either language."""

    def __init__(self, captioner: Captioner):
        self.captioner, self.rng = captioner, captioner.rng
        self.colours = read_colours()

    def styled(self, style: str) -> float:
        """How often a caption of a picture in `style` has words for it, in [0, 1]."""
        return STYLED[style]

    def style(self, text: str, style: str, language: str) -> str:
        """The text, mostly with words for the style."""
        if self.rng.random() < self.styled(style):
            return self.rng.choice(self.captioner.words[language]["styles"][style]).replace("{}", text)
        if self.rng.random() < 0.5:
            return self.rng.choice(self.captioner.templates[language]).replace("{}", text)
        return text

    def write(self, rows: tuple[int, ...], style: str, colour: int) -> str:
        """One prompt for a picture of these rows."""
        language = self.rng.choice(LANGUAGES)
        if len(rows) == 2:
            text = self.captioner.scene(rows, (1, 1), language, shuffle=False)
            return self.style(text, style, language) if self.rng.random() < 0.5 else text
        index, captioner = rows[0], self.captioner
        row = captioner.rows[index]
        name = captioner.name(index, language)
        language = "zh" if language == "zh" and row.name_zh else "en"
        keywords = row.keywords_zh if language == "zh" else row.keywords_en
        draw = self.rng.random()
        if draw < 0.06 and keywords and colour < 0:
            name = self.rng.choice(keywords)
        elif draw < 0.12 and len(keywords) > 1:
            name = captioner.words[language]["comma"].join([name, *self.rng.sample(keywords, min(2, len(keywords)))])
        elif draw < 0.5:
            name = captioner.bare_name(index, language)
        if colour >= 0:
            name = self.coloured(name, colour, language)
        if language == "en":
            name = captioner.vary(name)
        return self.style(name, style, language)

    def coloured(self, name: str, colour: int, language: str) -> str:
        """`blue cat`, in either language."""
        word = self.colours[colour][language]
        return f"{word} {name}" if language == "en" else f"{word}\u7684{name}"
