"""A contact sheet of teacher and student, to look at: `python -m demos.distilled_steps.sheet --out FILE.png`.

Rows are prompts, columns are runs from the same starting noise. The sheet must lie outside the repository, which holds
no picture.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

from demos.base.devices import Device
from demos.base.diffusion.checkpoints import POCKET
from demos.base.diffusion.load import load_diffuser
from demos.base.diffusion.recipe.samples import GUIDANCE, Walk, draw_pictures
from demos.base.diffusion.recipe.scores import ask
from demos.base.diffusion.samplers import DDIM, DDPM, LCM
from demos.base.emoji.table import default_data_folder, read_rows
from demos.base.spec import WEIGHTS
from demos.distilled_steps import export
from demos.distilled_steps.runs import EQUAL, STUDENT, TEACHER, Run

MORE = ("a blue crab", "a purple frog", "a cat and a rocket", "a flat drawing of a rocket", "a 3d render of a zebra")
GAP = 4                        # white pixels between pictures


def columns(scale: float) -> list[Run]:
    """What stands side by side, from left to right."""
    return [Run(TEACHER, Walk(DDIM, "", EQUAL // 2), GUIDANCE), Run(TEACHER, Walk(DDPM, "large", EQUAL // 2), GUIDANCE),
            Run(TEACHER, Walk(DDIM, "", EQUAL), 1.0), Run(TEACHER, Walk(DDIM, "", 20), GUIDANCE),
            *(Run(STUDENT, Walk(LCM, "", steps), scale) for steps in (1, 2, EQUAL))]


def montage(pictures: list[np.ndarray]) -> np.ndarray:
    """Columns of (B, H, W, 3) pictures on one white sheet, uint8."""
    count, height, width, _ = pictures[0].shape
    sheet = np.full((count * (height + GAP) + GAP, len(pictures) * (width + GAP) + GAP, 3), 255, np.uint8)
    for place, column in enumerate(pictures):
        for row, picture in enumerate(column):
            top, left = GAP + row * (height + GAP), GAP + place * (width + GAP)
            sheet[top:top + height, left:left + width] = picture
    return sheet


def main(arguments: list[str] | None = None) -> None:
    """Draw and write the sheet. Raises: ValueError: it would lie in the repository."""
    from PIL import Image

    options = parse(arguments)
    if options.out.resolve().is_relative_to(WEIGHTS.parent):
        raise ValueError(f"{options.out} lies in the repository: name a file outside it")
    recipe = options.weights / "recipe.json"
    chosen = json.loads(recipe.read_text(encoding="utf-8"))["stages"]["scale"]["chosen"] if options.scale is None else options.scale
    names = ask([row for row in read_rows(options.data) if row.main], "en").spread(options.names)
    prompts, seeds = [*names.prompts, *MORE], [*names.seeds, *range(500_000, 500_000 + len(MORE))]
    known = {TEACHER: dataclasses.replace(POCKET, folder=options.teacher), STUDENT: export.checkpoint_of(options.weights)}
    models = {name: load_diffuser(checkpoint, Device("cpu", "", "float32", 0, 0)) for name, checkpoint in known.items()}
    drawn = [draw_pictures(models[run.model], prompts, seeds, run.walk, run.scale) for run in columns(float(chosen))]
    Image.fromarray(montage(drawn)).save(options.out)
    print("columns:", ", ".join(run.name for run in columns(float(chosen))))
    print("rows:", ", ".join(prompts))


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--weights", type=Path, default=export.FOLDER)
    parser.add_argument("--teacher", type=Path, default=POCKET.folder)
    parser.add_argument("--out", type=Path, required=True, help="PNG, outside the repository")
    parser.add_argument("--names", type=int, default=19)
    parser.add_argument("--scale", type=float, help="told to the student, instead of the one its recipe chose")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
