"""What is measured: the teacher's runs and the student's, each a sampler, a number of steps and a guidance scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demos.base.diffusion.recipe.samples import GUIDANCE, Walk
from demos.base.diffusion.samplers import DDIM, DDPM, DPM, EULER, LCM
from demos.distilled_steps.schema import STUDENT, TEACHER

SAMPLERS = ((DDIM, ""), (DDPM, "small"), (DDPM, "large"), (DPM, ""), (EULER, ""), (LCM, ""))
FREE = 1.0                     # no guidance
SCALES = (1.5, 2.0, GUIDANCE, 4.5, 6.5)
EQUAL = 4                      # evaluations that student and teacher are compared at
# For how many evaluations the teacher needs: its deterministic sampler and its best one at few steps; and other scales.
LONGER, LONGER_SAMPLERS = (4, 10, 20), ((DDIM, ""), (DDPM, "large"))
STRICTER, STRICTER_STEPS = (2.0, 4.5, 6.5, 10.0), 10
STUDENT_STEPS, STUDENT_SCALES = (1, 2, 4, 8), (1.0, 2.0, 3.0, 4.5, 6.5, 9.0)


@dataclass(frozen=True)
class Run:
    """One picture a name. `scale`: the teacher's guidance, 1 for none, or what the student is told."""

    model: str
    walk: Walk
    scale: float

    @property
    def name(self) -> str:
        """teacher_ddim_2_guidance_3."""
        return f"{self.model}_{self.walk.name}_guidance_{self.scale:g}"

    @property
    def evaluations(self) -> int:
        """Of the network a picture: a guided step of the teacher counts two."""
        return self.walk.steps * (2 if self.model == TEACHER and self.scale != FREE else 1)


def few() -> Iterator[Run]:
    """The teacher at 1, 2 and EQUAL evaluations, every sampler, guided and not."""
    for steps in (1, 2, EQUAL):
        for sampler in SAMPLERS[:1] if steps == 1 else SAMPLERS:     # one step is the same by all
            yield Run(TEACHER, Walk(*sampler, steps), FREE)
    for steps in (1, EQUAL // 2):
        for scale in SCALES:
            for sampler in SAMPLERS[:1] if steps == 1 else SAMPLERS:
                yield Run(TEACHER, Walk(*sampler, steps), scale)


def longer() -> Iterator[Run]:
    """The teacher with more evaluations."""
    for steps in LONGER:
        for sampler in LONGER_SAMPLERS:
            yield Run(TEACHER, Walk(*sampler, steps), GUIDANCE)
    for scale in STRICTER:
        yield Run(TEACHER, Walk(DDIM, "", STRICTER_STEPS), scale)


def own() -> Iterator[Run]:
    """The student."""
    for steps in STUDENT_STEPS:
        for scale in STUDENT_SCALES:
            yield Run(STUDENT, Walk(LCM, "", steps), scale)


PARTS = {"student": own, "few": few, "longer": longer}
