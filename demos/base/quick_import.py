"""A quicker, read-only `import gradio`.

Gradio rewrites a type stub beside each of its components at every import: half of its import time,
and a write into the installed package. It skips a class whose source file cannot be found, so during
the import no file is found for its own classes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_stubs() -> Iterator[None]:
    """While open, `inspect.getfile` raises OSError for Gradio's classes. For start-up, one thread."""
    original = inspect.getfile

    def getfile(subject: object) -> str:
        if isinstance(subject, type) and subject.__module__.startswith("gradio."):
            raise OSError(f"{subject} needs no stub")
        return original(subject)

    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = original
