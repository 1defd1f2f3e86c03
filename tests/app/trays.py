"""An app of its own with two trays, one with captions and one with groups, and nothing that needs a model."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demos.registry import find_demos

ROOT = Path(__file__).parents[2]
FILES = dict(re.findall(r"^\*\*`([\w./]+)`\*\*\n\n```\w+\n(.*?)^```$", (ROOT / "demos" / "README.md").read_text("utf-8"),
                        re.DOTALL | re.MULTILINE))
PACKAGE = "throwaway_trays"
TAB = '''
import gradio as gr

from demos.base.tray import group_names, read_tray
from demos.ui.inputs import chips, picture_tray
from demos.ui.shell import Shell

PRESET = {{"pictures": [{{"emoji": "\\U0001f436", "caption": "one", "group": 1}}], "groups": ["x", "y"]}}


def build(shell: Shell) -> None:
    shell.head()
    tray = picture_tray(shell, {arguments})
    preset = chips("presets", "Presets", [("one dog", PRESET)])
    run = gr.Button("Run", elem_id="{id}-run")
    shell.banner()
    out = gr.JSON(elem_id="{id}-out")
    preset.select(None, preset, tray, js="(v) => epochs.drawTray(v)", api_visibility="private")

    def answer(value):
        found = read_tray(value, 8)
        return {{}}, {{"pictures": [[*p.picture.size, p.emoji, p.caption, p.group] for p in found],
                    "groups": group_names(value)}}

    shell.on([run.click, tray.input, tray.submit], answer, [tray], [out])
'''
ARGUMENTS = {
    "captioned": 'captions=True, limit=4, default=[("\\U0001f431", "a cat", 0), ("\\U0001f355", "a pizza", 0)]',
    "grouped": 'groups=("cats", "rest"), limit=8, most_groups=3, default=[("\\U0001f431", "", 0), ("\\U0001f355", "", 1)]',
}


@contextmanager
def serve_trays(folder: Path) -> Iterator[str]:
    """The address of the app, written below `folder`."""
    import app

    for id, arguments in ARGUMENTS.items():
        for name, content in {"__init__.py": "", **FILES, "tab.py": TAB.format(id=id, arguments=arguments)}.items():
            path = folder / id / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content.replace("softmax_temperature", id), encoding="utf-8")
    demos = find_demos(folder, PACKAGE)
    blocks = app.build(demos)
    try:
        yield blocks.launch(**app.launch_options(demos), server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)[1]
    finally:
        blocks.close(verbose=False)
        for module in [m for m in sys.modules if m == PACKAGE or m.startswith(PACKAGE + ".")]:
            del sys.modules[module]
