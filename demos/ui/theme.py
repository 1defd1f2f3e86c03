"""Gradio's look, brought to the project's: system fonts (no web font), the palette's blue."""

from __future__ import annotations

import gradio as gr

SANS = ("system-ui", "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "monospace")

THEME = gr.themes.Base(primary_hue="indigo", neutral_hue="slate", font=list(SANS), font_mono=list(MONO),
                       radius_size="lg", text_size="md").set(
    button_primary_background_fill="var(--e-accent)", button_primary_background_fill_dark="var(--e-accent)",
    button_primary_background_fill_hover="var(--e-accent)", button_primary_background_fill_hover_dark="var(--e-accent)",
    button_primary_text_color="var(--e-on-accent)", button_primary_text_color_dark="var(--e-on-accent)",
    body_background_fill="var(--e-ground)", body_background_fill_dark="var(--e-ground)",
    block_background_fill="var(--e-paper)", block_background_fill_dark="var(--e-paper)",
    block_border_color="var(--e-line)", block_border_color_dark="var(--e-line)",
    block_label_text_color="var(--e-ink)", block_title_text_weight="600",
    input_background_fill="var(--e-paper)", input_background_fill_dark="var(--e-paper)",
    input_border_color="var(--e-line)", input_border_color_dark="var(--e-line)", input_border_width="1px")
