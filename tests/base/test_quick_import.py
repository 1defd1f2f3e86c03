"""The quick import writes no stub and leaves `inspect` as it was."""

import inspect
import subprocess
import sys

import pytest

from demos.base.quick_import import without_stubs

PROGRAM = """
import pathlib, sys
written = []
original = pathlib.Path.write_text
pathlib.Path.write_text = lambda self, *a, **k: (written.append(self.name), original(self, *a, **k))[1]
read = []
reading = pathlib.Path.read_text
pathlib.Path.read_text = lambda self, *a, **k: (read.append(self.name), reading(self, *a, **k))[1]
from demos.base.quick_import import without_stubs
with without_stubs():
    import gradio
assert gradio.Textbox().get_config()["name"] == "textbox"
print([name for name in written + read if name.endswith(".pyi")])
"""


def test_no_stub_is_read_or_written():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_other_classes_are_found_and_inspect_is_restored():
    before = inspect.getfile
    with without_stubs():
        assert inspect.getfile(without_stubs.__wrapped__).endswith("quick_import.py")
        with pytest.raises(OSError, match="stub"):
            inspect.getfile(type("Fake", (), {"__module__": "gradio.fake"}))
    assert inspect.getfile is before
