"""A visitor in headless Chromium, and a list of everything their browser had to complain about."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Locator, Page, Request

READY = "html[data-epochs=ready]"
LAPTOP, PHONE = (1366, 900), (390, 844)
# What starts or continues work on the server; the page's own opening events are not queued.
RUN_ADDRESS = "/gradio_api/queue/join"


class Visitor:
    """One page, and what it asked of the network.

    Attributes:
        context: the browser profile; visitors of one profile share its caches and storage.
        page: Playwright's page.
        complaints: console errors, page errors, and requests to anything but this server.
        runs: bodies of the requests that asked the server to run something.
        requests: every address asked for since the page opened.
    """

    def __init__(self, context: BrowserContext, server: str, size: tuple[int, int] = LAPTOP) -> None:
        self.server = server
        self.context = context
        self.complaints: list[str] = []
        self.runs: list[str] = []
        self.requests: list[str] = []
        self.page = self._watch(context.new_page())
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def open(self, path: str = "/") -> Visitor:
        """Opens `path` and waits until the address has been restored and every box is drawn."""
        self.page.goto(self.server + path)
        return self.wait_until_ready()

    def wait_until_ready(self) -> Visitor:
        self.page.wait_for_selector(READY, state="attached", timeout=60_000)
        self.page.wait_for_selector(".epochs-root .head h1:visible", timeout=30_000)
        return self

    def unfold(self, label: Locator) -> None:
        """Opens the closed section of that label and waits until its controls keep what is put into them.

        In the frame after a section's controls appear Gradio gives each of them the values again that the page began with
        (`render_previously_invisible_children`): what was filled in before is gone.
        """
        label.click()
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def diary(self) -> str:
        """What a failed test wants to know: the address, what was asked and answered, what the shown tab says."""
        try:
            said = self.page.evaluate("[...document.querySelectorAll('.banner, .toast-body, .facts')].filter((part) =>"
                                      " part.offsetParent).map((part) => part.innerText).join(' | ')")
        except Exception as error:               # the page may be closed, or the failure itself
            said = repr(error)
        asked = [address.removeprefix(self.server)[:160] for address in self.requests[-12:]]
        return "\n".join([self.page.url, f"runs: {[body[:400] for body in self.runs]}", f"last asked: {asked}",
                          f"complaints: {self.complaints}", f"says: {said}"])

    def close(self) -> None:
        """Leaves, and forgets what the page remembered in this profile."""
        if self.page.url.startswith(self.server):
            self.page.evaluate("localStorage.clear()")
        self.page.close()

    def _watch(self, page: Page) -> Page:
        page.set_default_timeout(30_000)
        page.on("console", lambda m: self.complaints.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: self.complaints.append(f"page: {e}"))
        page.on("request", self._note)
        page.on("websocket", lambda socket: self.complaints.append(f"socket: {socket.url}"))
        return page

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)
        if request.url.startswith(self.server + RUN_ADDRESS):
            self.runs.append(request.post_data or "")
        elif not request.url.startswith((self.server + "/", "data:", "blob:")):
            self.complaints.append(f"left this server: {request.url}")


class ClipVisitor(Visitor):
    """Knows CLIP's tab by its element ids."""

    ID = "clip_zero_shot"

    def part(self, name: str):
        return self.page.locator(f"#{self.ID}-{name}")

    def write(self, box: str, text: str) -> None:
        """Fills the text box `box` (labels, templates, query)."""
        self.part(box).locator("textarea, input").first.fill(text)

    def read(self, box: str) -> str:
        return self.part(box).locator("textarea, input").first.input_value()

    def run(self) -> list[dict[str, str]]:
        """Presses the button and waits for the new answer. -> the rows."""
        before = self.run_number()
        self.part("run").click()
        return self.wait_for_answer(before)

    def wait_for_answer(self, before: str | None) -> list[dict[str, str]]:
        self.page.wait_for_function(
            "([id, before]) => { const list = document.querySelector(`#${id}-stage ol.ranking`);"
            " return list?.dataset.run && list.dataset.run !== before }", arg=[self.ID, before], timeout=60_000)
        return self.rows()

    def run_number(self) -> str | None:
        return self.page.evaluate("id => document.querySelector(`#${id}-stage ol.ranking`)?.dataset.run ?? null", self.ID)

    def rows(self) -> list[dict[str, str]]:
        """The ranking as shown, top first: name, p (with its sign), cos, out (whether dropped)."""
        return self.page.evaluate(
            "id => [...document.querySelectorAll(`#${id}-stage li.row`)].map((row) => ({"
            " name: row.querySelector('.name').textContent, p: row.querySelector('.p').textContent,"
            " cos: row.querySelector('.cos').textContent, out: row.classList.contains('out')}))", self.ID)

    def banner(self) -> str:
        return self.part("banner").inner_text().strip()

    def wait_for_banner(self, kind: str = "error", part: str = "banner") -> str:
        self.part(part).locator(f".banner.{kind}").wait_for()
        return self.part(part).locator(".banner p").inner_text()

    def open_advanced(self) -> None:
        if not self.part("templates").is_visible():
            self.unfold(self.page.locator(f"#{self.ID} .controls button.label-wrap"))
            self.part("templates").wait_for()


def percent(shown: str) -> float:
    """"97.3%" -> 97.3"""
    return float(shown.removesuffix("%").removeprefix("<").strip())
