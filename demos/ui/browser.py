"""Components drawn by the page's own script: a `gr.HTML` whose box the script fills.

Values travel as JSON and enter the page through `textContent`; Gradio's templates, which would run
`${...}` in a visitor's text, hold nothing but an empty box.
"""

from __future__ import annotations

import json

import gradio as gr


def browser_component(kind: str, value: object = None, *, elem_id: str | None = None,
                      elem_classes: list[str] | None = None, **config: object) -> gr.HTML:
    """A component of the script's `register(kind, ...)`; `config` reaches it as JSON.

    The configuration rides in `js_on_load`, not in Gradio's own props: an update without a value
    (`gr.skip()`) wipes those of a component that is not on screen yet.
    """
    words = json.dumps(config, ensure_ascii=False)
    return gr.HTML({} if value is None else value, html_template='<div class="epochs-root"></div>',
                   js_on_load=f"epochs.mount({kind!r}, {{element, props, trigger, watch, server}}, {words})",
                   apply_default_css=False, elem_id=elem_id, elem_classes=elem_classes)
