"""The attention viewer: from the click to the drawn overview, what watching costs beside the library's plain pass,
bytes on the wire, hovering over a large network, and BertViz on the same maps (`_attention_bertviz`)."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from urllib.parse import quote

from playwright.sync_api import Browser

from demos.base.attention.checkpoints import CAUSAL, POCKET_CAUSAL
from tests.bench._attention_bertviz import compare_with_bertviz
from tests.bench.figure import Figure
from tests.bench.serving import chromium, open_page, started_app, wait_until_listening

DEMO = "attention_viewer"
TOKENS, MANY = 64, 512
CLICKS, WARM, CALLS, RANKINGS, HOVER_SECONDS = 11, 3, 41, 3, 3.0
SETTLE_MILLISECONDS = 20_000
STORY = ("Once upon a time a little fox lived by the river with her mother. Every morning she went to the old bridge and "
         "looked for stones. One day she met a hen who had lost her way. \"Where is my house?\" asked the hen. The fox "
         "thought for a while, then she said, \"Come with me, I know the road behind the hill.\" They walked until the sun "
         "was low, and the hen was very tired. ")
# A large network of random weights. With transformers' own 0.02 every head looks about evenly at all tokens, and even
# maps pack well; with 0.06 the scores spread, as they do in a trained network, and the maps are harder to pack.
DEVIATION = 0.06

# One click: milliseconds from the click, and from the reply's arrival (`bench.arrived`, if hooked), to two frames after the drawing.
CLICK = """(id) => new Promise((done, fail) => {
  const live = document.querySelector(`#${id} .att-live`);
  const bench = (window.bench ??= {});
  new MutationObserver((_, watcher) => {
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const end = performance.now();
      done({ click: end - start, reply: end - bench.arrived });
    }));
  }).observe(live, { attributes: true, attributeFilter: ["data-run"] });
  setTimeout(() => fail(new Error("no answer")), 120000);
  bench.arrived = NaN;
  const start = performance.now();
  document.getElementById(`${id}-run`).click();
})"""

COUNT = """() => {
  const bench = (window.bench = { frames: 0, gap: 0, moves: 0, heads: 0, on: true });
  const reading = document.querySelector(".att-view-reading");
  let before = null, said = reading.textContent;
  bench.start = performance.now();
  document.querySelector(".att-view-over").addEventListener("pointermove", () => {
    bench.moves += 1;
    if (reading.textContent !== said) { said = reading.textContent; bench.heads += 1; }
  });
  const frame = (now) => {
    if (!bench.on) return;
    if (before !== null) bench.gap = Math.max(bench.gap, now - before);
    before = now;
    bench.frames += 1;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
COUNTED = """() => {
  const { frames, gap, moves, heads, start } = bench;
  bench.on = false;
  return { frames, gap, moves, heads, seconds: (performance.now() - start) / 1000 };
}"""


def measure() -> Iterator[Figure]:
    text, long = text_of(TOKENS), text_of(MANY + 40)
    yield _time_server(text)
    yield _time_rankings(text)
    with tempfile.TemporaryDirectory() as scratch:
        large = _write_gpt2(Path(scratch) / "gpt2")
        yield from _weigh(str(large), long)
        with chromium() as browser, started_app() as address:
            wait_until_listening(address)
            page = f"{address}/?demo={DEMO}&model={POCKET_CAUSAL.id}&text={quote(text)}"
            _settle(browser, page)
            yield _time_clicks(browser, page)
            yield _hover(browser, page, large, long)
            yield from compare_with_bertviz(browser, page, text, lambda opened: opened.evaluate(CLICK, DEMO)["reply"])


def text_of(length: int) -> str:
    """A text that a causal model of the shared tokenizer reads as `length` tokens, its first mark included.

    Raises: RuntimeError when the story cannot be cut to that length.
    """
    from demos.base.language.tokens import encode_text
    from demos.base.tokenizer import load_tokenizer

    tokenizer = load_tokenizer()
    ids = tokenizer(STORY * (1 + length // 64), add_special_tokens=False).input_ids
    for cut in range(length - 1, length + 8):
        text = tokenizer.decode(ids[:cut]).strip()
        if len(encode_text(tokenizer, CAUSAL, text, 2 * length)[0]) == length:
            return text
    raise RuntimeError(f"no text of {length} tokens")


def _time_server(text: str) -> Figure:
    """The handler of the page's button against the tokenizer and one pass of transformers' own model."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from demos.attention_viewer.tab import answer
    from demos.base.attention.load import open_attention_model
    from demos.registry import find_demos

    demo = next(demo for demo in find_demos() if demo.id == DEMO)
    shell, chosen = SimpleNamespace(text=demo.text("en")), {"id": POCKET_CAUSAL.id}

    def ours() -> int:
        return len(json.dumps(answer(shell, text, None, chosen)))

    ours()                                         # loads the model, and says how many threads torch may use
    with open_attention_model(POCKET_CAUSAL) as model:
        device, dtype = model.device, next(model.network.parameters()).dtype
    network = AutoModelForCausalLM.from_pretrained(POCKET_CAUSAL.folder, local_files_only=True, use_safetensors=True, dtype=dtype,
                                                   attn_implementation="sdpa").to(device.name).eval()
    tokenizer = AutoTokenizer.from_pretrained(POCKET_CAUSAL.folder, local_files_only=True)

    def theirs() -> int:
        with torch.inference_mode():
            ids = tokenizer(text, return_tensors="pt").input_ids[:, :-1].to(device.name)   # less the end mark: the same tokens
            return int(network(ids).logits[0, -1].argmax())

    read = tokenizer(text).input_ids[:-1]
    if len(read) != TOKENS:
        raise RuntimeError(f"{len(read)} tokens instead of {TOKENS}")
    mine, plain = _interleave([ours, theirs], CALLS, WARM)
    a, b = (1000 * median(times) for times in (mine, plain))
    return Figure(DEMO, "server_over_forward", a / b, "ratio", 1.5,
                  f"{TOKENS} tokens, pocket causal: the button's handler, from the text to all maps, statistics and JSON "
                  f"({a:.1f} ms), over tokenizer and forward of the same weights in transformers, sdpa, logits of all tokens "
                  f"({b:.1f} ms); medians of {CALLS}, interleaved; {device.label}, {dtype}")


def _time_rankings(text: str) -> Figure:
    from demos.attention_viewer.probe import rank_heads
    from demos.attention_viewer.schema import Request

    request = Request(text, checkpoint=POCKET_CAUSAL.id)
    runs = rank_heads(request, "self").runs
    together, apart = _interleave([lambda: rank_heads(request, "self"), lambda: rank_heads(request, "self", batched=False)], RANKINGS, 1)
    a, b = (1000 * median(times) for times in (together, apart))
    return Figure(DEMO, "knock_out_batched_ratio", a / b, "ratio", 0.5,
                  f"each of {runs} heads switched off alone, {TOKENS} tokens, pocket causal: batched ({a:.0f} ms) over one pass a head "
                  f"({b:.0f} ms); medians of {RANKINGS}, interleaved")


def _write_gpt2(folder: Path) -> Path:
    """A GPT-2 of random weights, 12 layers of 12 heads, with the shared tokenizer, as transformers saves it."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from demos.base.tokenizer import BOS_ID, EOS_ID, VOCABULARY, load_tokenizer, save_tokenizer

    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(vocab_size=VOCABULARY, initializer_range=DEVIATION, bos_token_id=BOS_ID,
                               eos_token_id=EOS_ID)).save_pretrained(folder)
    save_tokenizer(load_tokenizer(), folder)
    return folder


def _weigh(large: str, text: str) -> Iterator[Figure]:
    """Bytes of what the page is sent of a large network that reads a long text."""
    from demos.attention_viewer.infer import look, look_at_head
    from demos.attention_viewer.packing import head_value
    from demos.attention_viewer.schema import Request
    from demos.attention_viewer.view import stage_value
    from demos.base.attention.checkpoints import attention_model_of

    request = Request(text, checkpoint=large)
    result = look(request)
    layers, heads, *size = result.maps[0].p.shape
    if (layers, heads, *size) != (12, 12, MANY, MANY):
        raise RuntimeError(f"maps of {result.maps[0].p.shape}")
    what = f"GPT-2 of random weights (deviation {DEVIATION}), {layers} layers x {heads} heads, {MANY} tokens"
    sent = _bytes(stage_value(request, result, attention_model_of(large)))
    yield Figure(DEMO, "overview_512_mb", sent / 1e6, "MB", 2,
                 f"{what}: JSON of the stage as it is sent: every head as the largest value of each of 64 x 64 blocks, statistics, "
                 f"tokens, answer")
    details = [look_at_head(request, "self", layer, layer) for layer in range(layers)]
    values = [head_value(detail, MANY - 1) for detail in details]
    sizes = [_bytes(value) for value in values]
    bits = sorted({value["bits"] for value in values})
    yield Figure(DEMO, "head_512_kb", max(sizes) / 1e3, "KB", 300,
                 f"{what}: JSON of one head in full as it is sent, the largest of {layers} heads, one a layer (median "
                 f"{median(sizes) / 1e3:.0f}); probabilities in steps of {' or '.join(map(str, bits))} bits")
    yield Figure(DEMO, "full_maps_mb", result.maps[0].p.nbytes / 1e6, "MB", None, f"{what}: all maps as float32, for comparison")


def _bytes(value: dict) -> int:
    return len(json.dumps(value).encode())


def _settle(browser: Browser, address: str) -> None:
    """A first answer, and time for the server to load every demo's first model, as it does once after a page was opened."""
    page = open_page(browser, address)
    page.evaluate(CLICK, DEMO)
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.context.close()


def _time_clicks(browser: Browser, address: str) -> Figure:
    page = open_page(browser, address)
    times = []
    for number in range(WARM + CLICKS):
        found = page.evaluate(CLICK, DEMO)["click"]
        if number >= WARM:
            times.append(found)
        page.wait_for_timeout(300)                 # the page has heard that the run ended
    tokens = page.locator(f"#{DEMO} .att-side").first.locator(".att-token").count()
    page.context.close()
    if tokens != TOKENS:
        raise RuntimeError(f"{tokens} tokens on the page instead of {TOKENS}")
    return Figure(DEMO, "click_to_overview_ms", median(times), "ms", 250,
                  f"{tokens} tokens, pocket causal, Chromium: from the click to two frames after the overview was drawn; "
                  f"median of {CLICKS} after {WARM}, slowest {max(times):.0f}")


def _hover(browser: Browser, address: str, large: Path, text: str) -> Figure:
    """A hand over the overview of the large network, a token chosen, so that each move redraws its line in every map."""
    page = open_page(browser, address)
    page.locator(f"#{DEMO}-text textarea").fill(text)
    page.locator(f"#{DEMO} .controls button.label-wrap").click()
    page.locator(f"#{DEMO} .own input").fill(str(large))
    page.locator(f"#{DEMO} .own button").click()
    page.evaluate(CLICK, DEMO)
    heads = page.locator(f"#{DEMO} .att-view-over")
    page.locator(f"#{DEMO} .att-token").nth(MANY // 2).click()
    page.wait_for_timeout(500)
    heads.scroll_into_view_if_needed()
    area = heads.bounding_box()
    page.evaluate(COUNT)
    end, step = time.monotonic() + HOVER_SECONDS, 0
    while time.monotonic() < end:                  # to and fro, a little lower each time
        across, down = step % 80 / 40, step % 400 / 400
        page.mouse.move(area["x"] + area["width"] * (across if across < 1 else 2 - across), area["y"] + area["height"] * down)
        step += 1
    found = page.evaluate(COUNTED)
    tokens = page.locator(f"#{DEMO} .att-side").first.locator(".att-token").count()
    page.context.close()
    if tokens != MANY or not found["heads"]:
        raise RuntimeError(f"{tokens} tokens on the page, {found['heads']} heads met")
    return Figure(DEMO, "hover_frames_per_second", found["frames"] / found["seconds"], "1/s", 30,
                  f"mouse over the overview of a GPT-2 of random weights, 144 heads, {tokens} tokens, one of them chosen: "
                  f"{found['frames']} frames in {found['seconds']:.1f} s, longest gap {found['gap']:.0f} ms, "
                  f"{found['moves']} moves, {found['heads']} times another head", at_least=True)


def _interleave(functions: list[Callable[[], object]], rounds: int, warm: int) -> list[list[float]]:
    """Seconds of every function in every round, one after the other in each, after `warm` rounds unmeasured."""
    times: list[list[float]] = [[] for _ in functions]
    for number in range(-warm, rounds):
        for function, spent in zip(functions, times):
            began = time.perf_counter()
            function()
            if number >= 0:
                spent.append(time.perf_counter() - began)
    return times
