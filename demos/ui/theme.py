"""Gradio's look, brought to the project's: system fonts (no web font), the palette's blue."""

from __future__ import annotations

import gradio as gr

SANS = ("system-ui", "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "monospace")

THEME = gr.themes.Base(primary_hue="indigo", neutral_hue="slate", font=list(SANS), font_mono=list(MONO),
                       radius_size="lg", text_size="md")
