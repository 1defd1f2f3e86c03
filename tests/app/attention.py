"""A visitor of the attention tab."""

from __future__ import annotations

from urllib.parse import quote

from demos.attention_viewer.spec import SPEC

ID = SPEC.id
TWICE = "The fox met a hen by the river. The fox met a hen by the"
HOME = f"/?demo={ID}&text=" + quote(TWICE)


class Viewer:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = HOME) -> Viewer:
        self.visitor.open(path)
        return self

    def find(self, selector: str):
        return self.page.locator(f"#{ID} {selector}")

    def look(self) -> Viewer:
        before = self.number()
        self.visitor.part("run").click()
        return self.wait_for_answer(before)

    def number(self) -> str | None:
        return self.page.evaluate("() => document.querySelector('.att-live')?.dataset.run ?? null")

    def wait_for_answer(self, before: str | None) -> Viewer:
        self.page.wait_for_function(
            "(before) => { const { run } = document.querySelector('.att-live')?.dataset ?? {}; return run && run !== before }",
            arg=before, timeout=60_000)
        return self

    def press(self, name: str) -> Viewer:
        self.find(".stage").get_by_role("button", name=name, exact=True).first.click()
        return self

    def about(self) -> str:
        return self.find(".att-about").inner_text()

    def until(self, condition: str, **more: object) -> Viewer:
        """Waits for a condition on `live`, the stage once something is on it, and `runs`, the demo's runs."""
        self.page.wait_for_function(
            f"(id) => {{ const live = document.querySelector('.att-live'), runs = epochs.runs(id); return {condition} }}", arg=ID, **more)
        return self

    def tokens(self) -> list[str]:
        return self.find(".att-side").first.locator(".att-token").all_inner_texts()
