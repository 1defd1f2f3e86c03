"""Components drawn by the page's own script: a `gr.HTML` whose box the script fills.

Values travel as JSON and enter the page through `textContent`; Gradio's templates, which would run
`${...}` in a visitor's text, hold nothing but an empty box.
"""

from __future__ import annotations

import gradio as gr


def browser_component(kind: str, value: object = None, **props: object) -> gr.HTML:
    """A component of the script's `register(kind, ...)`. `props` are JSON for the script."""
    elem_id = props.pop("elem_id", None)
    elem_classes = props.pop("elem_classes", None)
    return gr.HTML(value if value is not None else {}, html_template='<div class="epochs-root"></div>',
                   js_on_load=f"epochs.mount({kind!r}, {{element, props, trigger, watch, server}})",
                   apply_default_css=False, elem_id=elem_id, elem_classes=elem_classes, **props)
