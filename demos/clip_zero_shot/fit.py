"""The training loop of both CLIP towers.

The model minimises, on every step: pictures against the names of all emoji and against one learned
prototype per emoji; pictures against captions, both ways (arXiv 2103.00020), where a caption may be
true of several pictures; captions against the prototypes; scenes against their captions and near
misses; and clutter against nothing, so that a strange picture comes near no emoji (arXiv 1812.04606).
A stage may begin with pictures and prototypes alone, end with the text tower alone, or hold the text
tower still while the vision tower learns to meet it.
"""

import copy
import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from demos.base.emoji.batches import PictureSource
from demos.base.emoji.captions import LANGUAGES, Captioner
from demos.base.emoji.table import STYLES
from demos.base.training import Average, Checkpoint, Optimisers, Schedule
from demos.clip_zero_shot.towers import encode_pictures, encode_ragged, encode_texts


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of one stage. `batch` is per process; minutes, where given, replace steps."""

    batch: int = 96
    scenes: int = 12
    steps: int = 1500
    minutes: float = 0.0
    rate: float = 2e-3
    end_rate: float = 0.01
    warmup: int = 40
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    text_from: float = 0.4
    text_weight: float = 0.5
    extra_captions: int = 80
    pull_weight: float = 1.0
    named_weight: float = 1.0
    bank_every: int = 40
    freeze_text: bool = False
    scene_weight: float = 0.3
    clutter: int = 6
    clutter_weight: float = 0.15
    text_steps: int = 600
    text_batch: int = 256
    kinds: float = 0.0
    gentle: float = 0.35
    ema: float = 0.995
    save_seconds: float = 90.0

    def strength(self, fraction: float) -> float:
        """Strength of the augmentation: gentle at first, full after the share `gentle`."""
        return min(1.0, 0.1 + fraction / self.gentle) if self.gentle else 1.0


class Student(nn.Module):
    """The CLIP towers with what only training needs: one prototype per emoji."""

    def __init__(self, clip: nn.Module, classes: int):
        super().__init__()
        self.clip = clip
        self.prototypes = nn.Parameter(torch.randn(classes, clip.visual.output_dim) * 0.05)


def spread(meant: list[list[int]], classes: int) -> torch.Tensor:
    """(B, classes) rows that sum to one, even over the emoji each caption is true of."""
    target = torch.zeros(len(meant), classes)
    for row, indices in enumerate(meant):
        target[row, indices] = 1 / len(indices)
    return target


def contrast(scores: torch.Tensor, matches: torch.Tensor) -> torch.Tensor:
    """Symmetric cross-entropy of (B, B) scores with several positives per row and column, or none: a keyword may be
    another emoji's name, and is then true of that one alone."""
    return (towards(scores, matches) + towards(scores.T, matches.T)) / 2


def towards(scores: torch.Tensor, matches: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the rows of (B, B) scores that have a positive, averaged over all B."""
    found = matches.sum(1)
    some = found > 0
    return F.cross_entropy(scores[some], matches[some] / found[some, None], reduction="sum") / len(scores)


def picture_loss(student: Student, source: PictureSource, settings: Settings) -> tuple[torch.Tensor, dict]:
    """Pictures against prototypes, the vision tower's first lessons."""
    labels, _, pictures = source.singles(settings.batch)
    features = F.normalize(encode_pictures(student.clip.visual, pictures), dim=-1)
    logits = student.clip.logit_scale.exp() * features @ F.normalize(student.prototypes, dim=-1).T
    loss = F.cross_entropy(logits, labels, label_smoothing=settings.label_smoothing)
    return loss, {"label": loss.item()}


def write_captions(captioner: Captioner, source: PictureSource, labels, styles, kinds, counts):
    """Captions of singles with the emoji each is true of, right captions of scenes, three near misses each."""
    drawn = [captioner.caption(index, source.styles[style]) for index, style in zip(labels.tolist(), styles.tolist())]
    right, wrong = [], []
    for kind, count in zip(kinds, counts):
        language = captioner.rng.choice(LANGUAGES)
        right.append(captioner.scene(kind, count, language))
        wrong += [captioner.scene(*other, language) for other in captioner.wrong_scenes(kind, count, source.classes)]
    return [text for text, _ in drawn], [meant for _, meant in drawn], right, wrong


@torch.no_grad()
def read_names(student: Student, captioner: Captioner, tokenize) -> torch.Tensor:
    """(N, E) features of every name in one language and one template, both drawn at random."""
    language = captioner.rng.choice(LANGUAGES)
    template = captioner.rng.choice(captioner.templates[language])
    texts = [template.replace("{}", captioner.name(index, language)) for index in range(len(captioner.rows))]
    return torch.cat([F.normalize(encode_texts(student.clip, tokenize(texts[i:i + 256])), dim=-1)
                      for i in range(0, len(texts), 256)])


def clip_loss(student: Student, source: PictureSource, captioner: Captioner, tokenize, settings: Settings,
              bank: torch.Tensor) -> tuple[torch.Tensor, dict]:
    """All losses of one step and their parts; `tokenize` maps texts to (B, L) ids.

    bank: (N, E) recent features of all names, the classifier that zero-shot use will meet.
    """
    labels, styles, pictures = source.singles(settings.batch - settings.scenes - settings.clutter)
    scenes, kinds, counts = source.scenes(settings.scenes)
    shown = torch.cat([pictures, scenes, source.clutter(settings.clutter)])
    features = F.normalize(encode_pictures(student.clip.visual, shown), dim=-1)
    singles, crowds, strangers = features.split([len(labels), len(scenes), settings.clutter])
    captions, meant, right, wrong = write_captions(captioner, source, labels, styles, kinds, counts)
    # Captions without a picture cost a tenth of one with: the text tower sees twice as many.
    more = [captioner.caption(index, captioner.rng.choice(source.styles))
            for index in source.draw_classes(settings.extra_captions).tolist()]
    texts = tokenize(captions + [text for text, _ in more] + right + wrong)
    texts = F.normalize(encode_ragged(student.clip, texts), dim=-1)
    spoken, fitting, missing = texts.split([len(captions) + len(more), len(right), len(wrong)])
    names = spoken[:len(captions)]

    scale = student.clip.logit_scale.exp()
    prototypes = F.normalize(student.prototypes, dim=-1)
    target = spread(meant + [indices for _, indices in more], len(prototypes))
    aim = F.normalize(target @ prototypes.detach(), dim=-1)
    near = scale * torch.einsum("be,bke->bk", crowds, missing.unflatten(0, (-1, 3)))
    scores = scale * crowds @ fitting.T
    order = torch.arange(len(scores))
    parts = {
        "label": F.cross_entropy(scale * singles @ prototypes.T, labels, label_smoothing=settings.label_smoothing),
        "named": F.cross_entropy(scale * singles @ bank.T, labels, label_smoothing=settings.label_smoothing),
        "contrast": contrast(scale * singles @ names.T, target[:len(captions), labels].T.gt(0).float()),
        "text": F.cross_entropy(scale * spoken @ prototypes.T, target),
        "pull": (1 - (spoken * aim).sum(1)).mean(),
        "scene": (F.cross_entropy(torch.cat([scores, near], 1), order) + F.cross_entropy(scores.T, order)) / 2,
        "clutter": -F.log_softmax(scale * strangers @ prototypes.T, dim=-1).mean(),
    }
    weights = {"label": 1 - settings.named_weight / 2, "named": settings.named_weight, "contrast": settings.text_weight, "text": settings.text_weight, "pull": settings.pull_weight,
               "scene": settings.scene_weight, "clutter": settings.clutter_weight}
    return sum(weights[name] * part for name, part in parts.items()), {n: p.item() for n, p in parts.items()}


def fit(student: Student, source: PictureSource, captioner: Captioner, tokenize, settings: Settings, path: Path,
        report) -> tuple[Student, Schedule]:
    """Train one stage, or finish it; returns the moving average in eval mode and the schedule it ran.

    `report` is called every 50 steps with the step, the average so far and the loss parts.
    """
    for part in text_parts(student.clip):
        part.requires_grad_(not settings.freeze_text)
    average = Average(student, settings.ema)
    optimisers = Optimisers(student, settings.rate, settings.weight_decay)
    schedule = Schedule(settings.steps, settings.minutes, settings.warmup, settings.end_rate)
    checkpoint = Checkpoint(path, student, average, optimisers, schedule, settings.save_seconds)
    bank = None
    while (fraction := schedule.fraction()) < 1:
        source.strength = settings.strength(fraction)
        if fraction < settings.text_from:
            loss, parts = picture_loss(student, source, settings)
        else:
            if bank is None or schedule.step % settings.bank_every == 0:
                bank = read_names(student, captioner, tokenize)
            loss, parts = clip_loss(student, source, captioner, tokenize, settings, bank)
        optimisers.step(loss, schedule.rate(fraction))
        with torch.no_grad():
            student.clip.logit_scale.clamp_(0, math.log(100))
        average.update(student)
        schedule.step += 1
        checkpoint.save()
        if schedule.step % 50 == 0:
            report(schedule.step, schedule.spent, average.module, parts)
    checkpoint.save(force=True)
    return average.module.eval(), schedule


def text_parts(clip) -> list:
    """The modules and parameters of open_clip's text tower."""
    return [clip.transformer, clip.token_embedding, clip.ln_final, clip.positional_embedding, clip.text_projection]


def polish_texts(student: Student, captioner: Captioner, tokenize, settings: Settings,
                 report) -> tuple[Student, float]:
    """Train the text tower alone against the finished prototypes; the vision tower stays as it is.

    Reading a caption costs a tenth of looking at a picture, so the names are learned to the end here.
    Scene captions are held where joint training put them; a share `kinds` of the captions says what
    a thing is instead of its name. Returns the student and the seconds spent.
    """
    before, clip = copy.deepcopy(student.clip).requires_grad_(False), student.clip
    student.requires_grad_(False)
    for part in text_parts(clip):
        part.requires_grad_(True)
    optimisers = Optimisers(student, settings.rate, settings.weight_decay)
    schedule = Schedule(settings.text_steps, 0.0, settings.warmup, settings.end_rate)
    prototypes, scale = F.normalize(student.prototypes, dim=-1), clip.logit_scale.exp()
    classes = range(len(prototypes))
    while (fraction := schedule.fraction()) < 1:
        drawn = [captioner.kind() if captioner.kinds and captioner.rng.random() < settings.kinds else
                 captioner.caption(captioner.rng.choice(classes), captioner.rng.choice(STYLES), 0.4)
                 for _ in range(settings.text_batch)]
        scenes = [captioner.scene(tuple(captioner.rng.sample(classes, 2)), captioner.rng.choice(((1, 1), (2, 1), (1, 2))),
                                  captioner.rng.choice(LANGUAGES)) for _ in range(settings.text_batch // 8)]
        ids = tokenize([text for text, _ in drawn] + scenes)
        features = F.normalize(encode_ragged(clip, ids), dim=-1)
        names, crowds = features.split([len(drawn), len(scenes)])
        with torch.no_grad():
            held = F.normalize(encode_texts(before, ids[len(drawn):]), dim=-1)
        target = spread([meant for _, meant in drawn], len(prototypes))
        parts = {"text": F.cross_entropy(scale * names @ prototypes.T, target),
                 "pull": (1 - (names * F.normalize(target @ prototypes, dim=-1)).sum(1)).mean(),
                 "held": (1 - (crowds * held).sum(1)).mean()}
        optimisers.step(parts["text"] + 4 * parts["pull"] + 4 * parts["held"], schedule.rate(fraction))
        schedule.step += 1
        if schedule.step % 50 == 0:
            report(schedule.step, schedule.spent, student, {name: part.item() for name, part in parts.items()})
    return student.requires_grad_(False).eval(), schedule.spent
