"""Epochs: the history of modern AI as live models. `python app.py` serves it on 127.0.0.1:7860."""

from __future__ import annotations

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Gradio otherwise rebuilds a table of past events after every queued one, analytics or not.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")

from demos.base.compute import zero_gpu  # noqa: E402 - the settings above come first
from demos.base.quick_import import without_stubs  # noqa: E402

with without_stubs():
    import gradio as gr

from demos.base.text import LANGUAGES, load_text  # noqa: E402
from demos.registry import find_demos, warm_in_background  # noqa: E402
from demos.ui.assets import Assets  # noqa: E402
from demos.ui.era_pages import EraPages  # noqa: E402
from demos.ui.page import build_page  # noqa: E402
from demos.ui.theme import THEME  # noqa: E402


def build(demos=None) -> gr.Blocks:
    """Both language pages: English at `/`, Chinese at `/zh`."""
    demos = demos or find_demos()
    warm = warm_in_background(demos)
    with gr.Blocks(title="Epochs", analytics_enabled=False, delete_cache=(3600, 3600)) as blocks:
        build_page(blocks, demos, LANGUAGES[0], warm)
    for language in LANGUAGES[1:]:
        with blocks.route(load_text(language)("frame.name"), f"/{language}", show_in_navbar=False):
            build_page(blocks, demos, language, warm)
    return blocks.queue(max_size=64, default_concurrency_limit=4)


def launch_options(demos=None) -> dict:
    demos = demos or find_demos()
    assets = Assets(demo.folder for demo in demos)
    return {
        "ssr_mode": False, "run_history": False, "max_file_size": "10mb", "state_session_capacity": 256,
        "theme": THEME, "footer_links": [], "show_error": True,
        # Otherwise Gradio asks for the page once as it starts, and ends with an error where that takes three seconds: on a
        # machine that does other work it does.
        "_frontend": False,
        "app_kwargs": {"routes": assets.routes(), "middleware": assets.middleware(EraPages(demos))},
    }


if zero_gpu():
    # The GPU worker is forked from this process: models are placed before it starts.
    for found in find_demos():
        found.warm()

demo = build()

if __name__ == "__main__":
    demo.launch(**launch_options())
