"""The bill of all pairs of teachers and students: one chart, the same in every tab that has a pair."""

from __future__ import annotations

import gradio as gr

from ..base.distill.pairs import pairs_value, read_pairs
from .browser import browser_component
from .shell import Shell


def all_pairs(shell: Shell) -> gr.HTML:
    """The chart, with the figures of the files that lie here now. A tab's script tells it what was measured on this
    machine (`epochs.pairs.measured`)."""
    t = shell.text
    return browser_component("all_pairs", demo=shell.demo.id, **pairs_value(read_pairs(), t),
                             text=t.section("all_pairs") | t.section("take"), elem_id=f"{shell.demo.id}-pairs",
                             elem_classes=["control-all_pairs"])
