"""The two training loops: the convolutional teacher, then both CLIP towers.

The student minimises, on every step:
  symmetric contrast between pictures and captions (arXiv 2103.00020), where a caption may be true of
  several pictures; classification against one learned prototype per emoji, with the teacher's
  probabilities as soft labels (arXiv 1503.02531); captions against the same prototypes; scenes
  against their captions and near misses; and two regressions of the teacher's feature maps.
"""

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from demos.clip_zero_shot.batches import PictureSource
from demos.clip_zero_shot.captions import LANGUAGES, Captioner
from demos.clip_zero_shot.student import encode_pictures, encode_texts
from demos.clip_zero_shot.teacher import WIDTHS, ConvTeacher


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of one run; a limit in minutes, where given, ends the schedule earlier."""

    batch: int = 128
    scenes: int = 16
    teacher_steps: int = 700
    teacher_minutes: float = 0.0
    teacher_lr: float = 2e-3
    student_steps: int = 2500
    student_minutes: float = 0.0
    student_lr: float = 2e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    distill: float = 0.7
    text_weight: float = 0.5
    scene_weight: float = 0.3
    ema: float = 0.998
    seed: int = 0
    save_seconds: float = 120.0


class Schedule:
    """Warm-up and cosine over steps, or over minutes of training where a limit is given."""

    def __init__(self, steps: int, minutes: float, warmup: int = 80):
        self.steps, self.minutes, self.warmup = steps, minutes, warmup
        self.step, self.spent, self._last = 0, 0.0, time.monotonic()

    def fraction(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        now = time.monotonic()
        self.spent += now - self._last
        self._last = now
        done = self.step / max(1, self.steps)
        return min(1.0, max(done, self.spent / 60 / self.minutes) if self.minutes else done)

    def rate(self) -> float:
        """Learning rate as a share of its peak."""
        fall = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self.fraction()))
        return fall * min(1.0, (self.step + 1) / self.warmup)


def ramp(fraction: float) -> float:
    """Strength of the augmentation: gentle at first, full after a third of the run."""
    return min(1.0, 0.1 + fraction / 0.35)


class Average:
    """Exponential moving average of a module's state, warm from the first step."""

    def __init__(self, module: nn.Module, decay: float):
        self.module, self.decay, self.count = copy.deepcopy(module).requires_grad_(False), decay, 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self.count += 1
        keep = min(self.decay, self.count / (self.count + 20))
        for mean, value in zip(self.module.state_dict().values(), module.state_dict().values()):
            mean.lerp_(value, 1 - keep) if mean.is_floating_point() else mean.copy_(value)


class Optimisers:
    """Muon for the matrices inside the blocks, AdamW for the rest, at one learning rate."""

    def __init__(self, modules: dict[str, nn.Module], rate: float, decay: float):
        named = [(name, p) for module in modules.values() for name, p in module.named_parameters()]
        inside = [p for name, p in named if p.ndim == 2 and "resblocks" in name]
        matrices = [p for name, p in named if p.ndim > 1 and "resblocks" not in name and "embedding" not in name]
        taken = {id(p) for p in inside + matrices}
        others = [p for _, p in named if id(p) not in taken]
        self.parts = [torch.optim.AdamW([{"params": matrices, "weight_decay": decay},
                                         {"params": others, "weight_decay": 0.0}], rate, betas=(0.9, 0.98))]
        if inside:
            self.parts.append(torch.optim.Muon(inside, rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"))
        self.rate, self.parameters = rate, [p for _, p in named]

    def step(self, loss: torch.Tensor, share: float) -> None:
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = self.rate * share
            part.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 2.0)
        for part in self.parts:
            part.step()

    def state_dict(self) -> list:
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list) -> None:
        for part, state in zip(self.parts, states):
            part.load_state_dict(state)


class Run:
    """What a training loop resumes from: modules, averages, optimiser, schedule and random state."""

    def __init__(self, path: Path, modules: dict, averages: dict, optimisers: Optimisers, schedule: Schedule,
                 every: float):
        self.path, self.modules, self.averages = path, modules, averages
        self.optimisers, self.schedule, self.every, self._saved = optimisers, schedule, every, time.monotonic()
        if path.exists():
            state = torch.load(path, weights_only=True)
            for name, module in modules.items():
                module.load_state_dict(state["modules"][name])
            for name, average in averages.items():
                average.module.load_state_dict(state["averages"][name])
                average.count = state["step"]
            optimisers.load_state_dict(state["optimisers"])
            schedule.step, schedule.spent = state["step"], state["spent"]
            torch.set_rng_state(state["random"])

    def save(self, force: bool = False) -> None:
        if not force and time.monotonic() - self._saved < self.every:
            return
        self._saved = time.monotonic()
        state = {"modules": {name: module.state_dict() for name, module in self.modules.items()},
                 "averages": {name: average.module.state_dict() for name, average in self.averages.items()},
                 "optimisers": self.optimisers.state_dict(), "step": self.schedule.step,
                 "spent": self.schedule.spent, "random": torch.get_rng_state()}
        partial = self.path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(self.path)


def fit_teacher(source: PictureSource, classes: int, settings: Settings, path: Path, report) -> ConvTeacher:
    """Train, or finish training, the teacher; returns its moving average in eval mode."""
    torch.manual_seed(settings.seed)
    teacher = ConvTeacher(classes).to(memory_format=torch.channels_last)
    average = Average(teacher, 0.995)
    run = Run(path, {"teacher": teacher}, {"teacher": average},
              Optimisers({"teacher": teacher}, settings.teacher_lr, settings.weight_decay),
              Schedule(settings.teacher_steps, settings.teacher_minutes), settings.save_seconds)
    while run.schedule.fraction() < 1:
        source.strength = ramp(run.schedule.fraction())
        labels, _, pictures = source.singles(settings.batch)
        with torch.autocast("cpu", torch.bfloat16):
            logits = teacher(pictures)[0]
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=settings.label_smoothing)
        run.optimisers.step(loss, run.schedule.rate())
        average.update(teacher)
        run.schedule.step += 1
        run.save()
        if run.schedule.step % 50 == 0:
            report(stage="teacher", step=run.schedule.step, loss=loss.item(), spent=run.schedule.spent)
    run.save(force=True)
    return average.module.eval()


class Student(nn.Module):
    """The CLIP towers with what only training needs: prototypes and two probes."""

    def __init__(self, clip: nn.Module, classes: int):
        super().__init__()
        self.clip = clip
        width = clip.visual.class_embedding.shape[0]
        self.prototypes = nn.Parameter(torch.randn(classes, clip.visual.output_dim) * 0.05)
        self.fine = nn.Linear(width, WIDTHS[-2])
        self.coarse = nn.Linear(width, WIDTHS[-1])


def regress_maps(student: Student, tokens: list[torch.Tensor], fine: torch.Tensor, coarse: torch.Tensor):
    """Squared error of the teacher's standardised maps read from two depths of the student.

    Args: tokens: per block (B, 65, C); fine (B, 128, 8, 8); coarse (B, 256, 4, 4).
    """
    depth = len(tokens)
    early, late = tokens[depth // 3 - 1][:, 1:].float(), tokens[2 * depth // 3][:, 1:].float()
    late = F.avg_pool2d(late.transpose(1, 2).unflatten(2, (8, 8)), 2).flatten(2).transpose(1, 2)
    loss = 0.0
    for probe, hidden, target in ((student.fine, early, fine), (student.coarse, late, coarse)):
        target = F.batch_norm(target.float(), None, None, training=True).flatten(2).transpose(1, 2)
        loss = loss + F.mse_loss(probe(hidden), target)
    return loss


def spread(meant: list[list[int]], classes: int) -> torch.Tensor:
    """(B, classes) rows that sum to one, even over the emoji each caption is true of."""
    target = torch.zeros(len(meant), classes)
    for row, indices in enumerate(meant):
        target[row, indices] = 1 / len(indices)
    return target


def contrast(scores: torch.Tensor, matches: torch.Tensor) -> torch.Tensor:
    """Symmetric cross-entropy of (B, B) scores with several positives per row and column."""
    rows = matches / matches.sum(1, keepdim=True)
    columns = (matches / matches.sum(0, keepdim=True)).T
    return (F.cross_entropy(scores, rows) + F.cross_entropy(scores.T, columns)) / 2


def student_loss(student: Student, teacher: ConvTeacher, source: PictureSource, captioner: Captioner,
                 tokenize, settings: Settings, fraction: float) -> tuple[torch.Tensor, dict[str, float]]:
    """One step's loss and its parts; `tokenize` maps texts to (B, L) ids."""
    labels, styles, pictures = source.singles(settings.batch - settings.scenes)
    scenes, kinds, counts = source.scenes(settings.scenes)
    everything = torch.cat([pictures, scenes])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        taught, fine, coarse = teacher(everything)
    features, tokens = encode_pictures(student.clip.visual, everything)
    features = F.normalize(features, dim=-1)
    singles, scene_features = features[:len(labels)], features[len(labels):]

    drawn = [captioner.caption(index, source.styles[style]) for index, style in zip(labels.tolist(), styles.tolist())]
    right, wrong = [], []
    for kind, count in zip(kinds, counts):
        language = captioner.rng.choice(LANGUAGES)
        right.append(captioner.scene(kind, count, language))
        wrong += [captioner.scene(*other, language) for other in captioner.wrong_scenes(kind, count, source.classes)]
    texts = F.normalize(encode_texts(student.clip, tokenize([text for text, _ in drawn] + right + wrong)), dim=-1)
    names, fitting, missing = texts.split([len(drawn), len(right), len(wrong)])

    scale = student.clip.logit_scale.exp()
    prototypes = F.normalize(student.prototypes, dim=-1)
    target = spread([meant for _, meant in drawn], len(prototypes))
    logits = scale * singles @ prototypes.T
    soft = taught[:len(labels)].float().softmax(-1)
    near = scale * torch.einsum("be,bke->bk", scene_features, missing.unflatten(0, (-1, 3)))
    scene_scores = scale * scene_features @ fitting.T
    order = torch.arange(len(scene_scores))
    parts = {
        "label": F.cross_entropy(logits, labels, label_smoothing=settings.label_smoothing),
        "distill": F.cross_entropy(logits, soft),
        "contrast": contrast(scale * singles @ names.T, target[:, labels].T.gt(0).float()),
        "text": F.cross_entropy(scale * names @ prototypes.T, target),
        "scene": (F.cross_entropy(torch.cat([scene_scores, near], 1), order)
                  + F.cross_entropy(scene_scores.T, order)) / 2,
        "maps": regress_maps(student, tokens, fine, coarse),
    }
    weights = {"label": 1 - settings.distill, "distill": settings.distill, "contrast": settings.text_weight,
               "text": settings.text_weight, "scene": settings.scene_weight, "maps": 1.0 - 0.9 * fraction}
    loss = sum(weights[name] * part for name, part in parts.items())
    return loss, {name: part.item() for name, part in parts.items()}


def fit_student(student: Student, teacher: ConvTeacher, source: PictureSource, captioner: Captioner, tokenize,
                settings: Settings, path: Path, report) -> tuple[Student, Schedule]:
    """Train, or finish training, both towers; returns the moving average and the schedule it ran."""
    average = Average(student, settings.ema)
    run = Run(path, {"student": student}, {"student": average},
              Optimisers({"student": student}, settings.student_lr, settings.weight_decay),
              Schedule(settings.student_steps, settings.student_minutes), settings.save_seconds)
    while run.schedule.fraction() < 1:
        fraction = run.schedule.fraction()
        source.strength = ramp(fraction)
        loss, parts = student_loss(student, teacher, source, captioner, tokenize, settings, fraction)
        run.optimisers.step(loss, run.schedule.rate())
        with torch.no_grad():
            student.clip.logit_scale.clamp_(0, math.log(100))
        average.update(student)
        run.schedule.step += 1
        run.save()
        if run.schedule.step % 50 == 0:
            report(stage="student", step=run.schedule.step, spent=run.schedule.spent,
                   scale=student.clip.logit_scale.exp().item(), average=average.module, **parts)
    run.save(force=True)
    return average.module.eval(), run.schedule
