"""The recipe of the pocket Stable Diffusion: `python -m demos.ddpm_vs_ddim.train`.

First a latent autoencoder, then the denoiser on its latents, conditioned on the pocket CLIP's own text
tower. Stages resume where they stopped, on a CPU or a GPU. The figures in metrics.csv are measured by
`python -m demos.ddpm_vs_ddim.measure` afterwards.
"""

import argparse
import dataclasses
import json
import os
import random
import shutil
from pathlib import Path

import torch

from demos.base.devices import pick_device
from demos.base.diffusion.checkpoints import POCKET
from demos.base.diffusion.recipe.latents import LatentSource, draw_all
from demos.base.emoji.bank import read_bank
from demos.base.emoji.captions import Captioner
from demos.base.emoji.pictures import SCENES, Prompts
from demos.base.emoji.table import STYLES, default_data_folder, hash_data, read_rows
from demos.base.measured import describe_machine, write_json
from demos.base.training import Schedule
from demos.ddpm_vs_ddim import autoencoder, denoiser, export
from demos.ddpm_vs_ddim.batches import AutoencoderSource

ROOT = Path(__file__).resolve().parents[2]


def train_autoencoder(source: AutoencoderSource, settings: autoencoder.Settings, options: argparse.Namespace):
    """The finished autoencoder, trained or read from the work folder."""
    record, final = options.work / "autoencoder.json", options.work / "autoencoder.final.pt"
    model = autoencoder.build_autoencoder()
    if not final.exists():
        model, schedule = autoencoder.fit_autoencoder(source.draw, settings, options.work / "autoencoder.pt",
                                                      say("autoencoder"), options.compile)
        torch.save(model.state_dict(), final)
        note(record, schedule, settings, options)
    model.load_state_dict(torch.load(final, weights_only=True))
    return model.eval()


def train_denoiser(source: LatentSource, width: int, settings: denoiser.Settings, options: argparse.Namespace):
    """The moving average of the denoiser, trained or read from the work folder."""
    record, final = options.work / "denoiser.json", options.work / "denoiser.final.pt"
    model = denoiser.build_unet(width)
    if not final.exists():
        model, schedule = denoiser.fit_unet(source.draw, width, settings, options.work / "denoiser.pt",
                                            say("denoiser"), options.compile)
        torch.save(model.state_dict(), final)
        note(record, schedule, settings, options)
    model.load_state_dict(torch.load(final, weights_only=True))
    return model.eval()


def say(stage: str):
    """A report that prints a JSON line."""
    def report(step: int, seconds: float, parts: dict) -> None:
        print(json.dumps({"stage": stage, "step": step, "seconds": round(seconds), **parts}), flush=True)
    return report


def note(path: Path, schedule: Schedule, settings: object, options: argparse.Namespace) -> None:
    """What a stage ran with."""
    write_json(path, {"steps": schedule.step, "minutes": round(schedule.spent / 60, 1), "device": options.device,
                      "settings": dataclasses.asdict(settings)})


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line; a new run takes what lies in --work and goes on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--out", type=Path, default=POCKET.folder.parent)
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "ddpm_vs_ddim",
                        help="checkpoints, kept between calls so that a run can resume")
    parser.add_argument("--device", help="cpu, cuda or cuda:1; by default the best one found")
    parser.add_argument("--steps", type=int, help="steps of the denoiser, instead of the recipe's own")
    parser.add_argument("--autoencoder-steps", type=int, help="steps of the autoencoder")
    parser.add_argument("--batch", type=int, help="pictures per step of either")
    parser.add_argument("--scenes", type=int, default=SCENES, help="how many scenes of two things are drawn")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=shutil.which("g++") is not None,
                        help="compile the training step, which nearly doubles its speed (needs a C++ compiler)")
    parser.add_argument("--notes", default="", help="a sentence for the recipe and the card")
    return parser.parse_args(arguments)


def override(settings, **values):
    """The settings with every value that was given."""
    return dataclasses.replace(settings, **{name: value for name, value in values.items() if value is not None})


def main(arguments: list[str] | None = None) -> None:
    """Train what is missing, write the pipeline folder, the golden tensors, the recipe and the card."""
    options = parse(arguments)
    options.device = options.device or pick_device().name
    os.makedirs(options.work, exist_ok=True)
    torch.set_default_device(options.device)
    torch.manual_seed(0)
    rows = [row for row in read_rows(options.data) if row.main]
    bank = read_bank(options.data, rows, STYLES)
    drawn = draw_all(bank, options.scenes)
    vae = train_autoencoder(AutoencoderSource(bank, drawn), override(
        autoencoder.Settings(), steps=options.autoencoder_steps, batch=options.batch), options)
    encoder = export.text_encoder().to(options.device)
    tokenizer = export.pipeline_tokenizer(encoder.config.max_position_embeddings)
    settings = override(denoiser.Settings(), steps=options.steps, batch=options.batch)
    prompts = Prompts(Captioner(rows, random.Random(0)))
    source = LatentSource(drawn, vae, options.work / "latents.pt", prompts, encoder, tokenizer, settings.empty)
    unet = train_denoiser(source, encoder.config.hidden_size, settings, options)
    torch.set_default_device("cpu")
    preview = export.linear_preview(torch.from_numpy(drawn[0].pictures), source.latents[0].float() * source.scale)
    export.write_pipeline(options.out / "pocket", unet.cpu(), vae.cpu(), source.scale, preview)
    export.write_golden(options.out)
    export.write_recipe(options.out, options.work, hash_data(options.data), describe_machine()["machine"], options.notes)
    export.write_card(options.out)


if __name__ == "__main__":
    main()
