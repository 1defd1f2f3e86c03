"""All settings of a run as a record: what an exported picture carries, and what one that comes back may set."""

from __future__ import annotations

from collections.abc import Mapping

from ..base.checkpoints import public_id
from ..base.diffusion.question import SamplerSettings
from ..base.errors import UserError
from ..base.numbers import whole
from .schema import Request
from .spec import SPEC


def settings_record(request: Request, language: str) -> dict:
    """The run's settings as JSON; `read_settings` reads them again."""
    return {"app": "epochs", "demo": SPEC.id, "language": language, "model": public_id(request.checkpoint), "prompt": request.prompt,
            "negative": request.negative, "guidance": request.guidance, "seed": request.seed, "lock": request.lock,
            "columns": [vars(column) for column in request.columns]}


def read_settings(record: object) -> Request:
    """A record from a stranger's picture as a Request, checked as the controls' own values are.

    Raises: UserError `settings_broken` for another form, or whatever the Request refuses.
    """
    if not isinstance(record, Mapping) or record.get("app") != "epochs" or record.get("demo") != SPEC.id:
        raise UserError("settings_foreign")
    words = [record.get(name) for name in ("prompt", "negative", "model")]
    columns = record.get("columns")
    if not all(isinstance(word, str) for word in words) or not isinstance(columns, list) or len(columns) != 2:
        raise UserError("settings_broken")
    prompt, negative, model = words
    return Request(prompt, negative, record.get("guidance"), whole(record.get("seed")), model,
                   (read_column(columns[0]), read_column(columns[1])), record.get("lock", "none"))


def read_column(value: object) -> SamplerSettings:
    """One column's settings from JSON. Raises UserError."""
    if not isinstance(value, Mapping):
        raise UserError("sampler_unknown")
    names = [value.get("sampler"), value.get("variance", "small")]
    if not all(isinstance(name, str) for name in names):
        raise UserError("sampler_unknown")
    return SamplerSettings(names[0], whole(value.get("steps")), value.get("eta", 0.0), names[1])


def read_columns(value: object) -> tuple[tuple[SamplerSettings, SamplerSettings], str]:
    """What the columns' controls send: both columns' settings, and the lock. Raises UserError."""
    columns = value.get("columns") if isinstance(value, Mapping) else None
    lock = value.get("lock", "none") if isinstance(value, Mapping) else None
    if not isinstance(columns, list) or len(columns) != 2 or not isinstance(lock, str):
        raise UserError("sampler_unknown")
    return (read_column(columns[0]), read_column(columns[1])), lock
