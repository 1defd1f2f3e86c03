"""The mixtures' tabs: what reading every router costs beside a plain pass, from the click to the grid, all experts knocked out
in batches beside one by one, and tokens a second under a surgery. Each ratio is the worst of the pocket mixtures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median
from urllib.parse import quote

from demos.base.moe.checkpoints import POCKET_DEEPSEEK, POCKET_MIXTRAL, POCKET_SWITCH
from demos.base.spec import Checkpoint
from tests.bench.figure import Figure
from tests.bench.serving import chromium, open_page, started_app, wait_until_listening

DEMO = "moe_routing"
TOKENS, WORDS = 64, 64
CALLS, WARM, CLICKS, RANKINGS, STREAMS = 61, 5, 11, 5, 5
SETTLE_MILLISECONDS = 20_000
MIXTURES = (POCKET_MIXTRAL, POCKET_SWITCH, POCKET_DEEPSEEK)
STORY = ("Once upon a time a little fox lived by the river with her mother. Every morning she went to the old bridge and "
         "looked for stones. One day she met a hen who had lost her way. \"Where is my house?\" asked the hen. The fox "
         "thought for a while, then she said, \"Come with me, I know the road behind the hill.\" ")

# One click: milliseconds to two frames after the grid was drawn.
CLICK = """(id) => new Promise((done, fail) => {
  const stage = document.querySelector(`#${id}-stage .epochs-root`);
  new MutationObserver((_, watcher) => {
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
  }).observe(stage, { attributes: true, attributeFilter: ["data-run"] });
  setTimeout(() => fail(new Error("no answer")), 120000);
  const start = performance.now();
  document.getElementById(`${id}-run`).click();
})"""


def measure() -> Iterator[Figure]:
    yield from _time_reading()
    yield _time_knock_outs()
    yield _time_streams()
    with chromium() as browser, started_app() as address:
        wait_until_listening(address)
        yield _time_clicks(browser, f"{address}/?demo={DEMO}&text={quote(text_of(TOKENS))}")


def text_of(length: int) -> str:
    """A text that the pocket mixtures read as `length` tokens, the mark before it included.

    Raises: RuntimeError when the story cannot be cut to that length.
    """
    from demos.base.tokenizer import load_tokenizer

    tokenizer = load_tokenizer()
    ids = tokenizer(STORY, add_special_tokens=False).input_ids
    for cut in range(length - 3, length + 8):
        text = tokenizer.decode(ids[:cut]).strip()
        if len(tokenizer(text, add_special_tokens=False).input_ids) == length - 1:
            return text
    raise RuntimeError(f"no text of {length} tokens")


def _time_reading() -> Iterator[Figure]:
    """Choices of every router as arrays, and the scores of every token, over the scores alone; and all that the tab reads."""
    import torch

    from demos.base.moe.load import open_mixture
    from demos.base.moe.routers import reading

    worst, whole = (0.0, ""), (0.0, "")
    for checkpoint in MIXTURES:
        with open_mixture(checkpoint) as model, torch.inference_mode():
            own = model.encode(text_of(TOKENS)).ids
            ids = model.tensor(own)

            def plain() -> object:
                return model.network(input_ids=ids, use_cache=False).logits

            def routed() -> object:
                with reading(model.network) as choices:
                    logits = plain()
                return logits, [[values.numpy() for values in (choice.logits, choice.weights, choice.indices)] for choice in choices]

            alone, noted, read = (1000 * median(times) for times in _interleave([plain, routed, lambda: model.read(own)], CALLS, WARM))
            worst = max(worst, (noted / alone, f"{checkpoint.name}: {noted:.2f} over {alone:.2f} ms"))
            whole = max(whole, (read / alone, f"{checkpoint.name}: {read:.2f} over {alone:.2f} ms"))
    how = f"{TOKENS} tokens, medians of {CALLS}, interleaved"
    yield Figure(DEMO, "routed_forward_ratio", worst[0], "ratio", 1.15,
                 f"one pass with every router's logits, weights and choices collected as arrays over the plain pass of the same network, {worst[1]}, {how}")
    yield Figure(DEMO, "whole_reading_ratio", whole[0], "ratio", None,
                 f"all that the tab takes from a pass (choices, every token's loss, the next token's scores) over the plain pass, {whole[1]}, {how}")


def _time_knock_outs() -> Figure:
    from demos.base.moe.load import open_mixture
    from demos.base.moe.ranking import knock_outs, nats_of
    from demos.base.moe.surgery import Surgery

    worst = (0.0, "")
    for checkpoint in MIXTURES:
        with open_mixture(checkpoint) as model:
            ids = model.tensor(model.encode(text_of(TOKENS)).ids)
            everyone = [(router.layer, expert) for router in model.routers for expert in range(router.count)]

            def one_by_one() -> None:
                nats_of(model.network, ids)
                for place in everyone:
                    nats_of(model.network, ids, Surgery(disabled=frozenset({place})))

            batched, apart = (1000 * median(times) for times in _interleave([lambda: list(knock_outs(model.network, ids)), one_by_one], RANKINGS, 1))
            worst = max(worst, (batched / apart, f"{checkpoint.name}: {len(everyone)} experts, {batched:.0f} over {apart:.0f} ms"))
    return Figure(DEMO, "knock_out_batched_ratio", worst[0], "ratio", 0.5,
                  f"the loss of {TOKENS} tokens without each expert: batched over one pass an expert, {worst[1]}; medians of {RANKINGS}, interleaved")


def _time_streams() -> Figure:
    """Both continuations of one run, token by token in turn, as the tab streams them."""
    from demos.moe_surgery.infer import operate
    from demos.moe_surgery.schema import Request

    worst = (float("inf"), "")
    for checkpoint in MIXTURES:
        found = []
        for number in range(STREAMS + 1):
            *_, last = operate(Request(text_of(TOKENS), _everything(checkpoint, number), checkpoint.id, words=WORDS, temperature=1.0))
            if number:
                found.append([words / seconds for words, seconds in zip(last.words, last.seconds)])
        plain, operated = (median(rates) for rates in zip(*found))
        worst = min(worst, (operated / plain, f"{checkpoint.name}: {operated:.0f} over {plain:.0f} tokens a second"))
    return Figure(DEMO, "surgery_stream_ratio", worst[0], "ratio", 0.9,
                  f"up to {WORDS} tokens written after {TOKENS}, an expert of every layer disabled, another forced where there is room, two swapped, gate "
                  f"temperature, noise and shuffling on, as many experts a token as trained, over the same model left alone, {worst[1]}; medians of "
                  f"{STREAMS}, token by token in turn", at_least=True)


def _everything(checkpoint: Checkpoint, seed: int) -> object:
    """All that can be done at once without changing how many experts compute."""
    from demos.base.moe.surgery import Surgery

    return Surgery(disabled=frozenset({(None, 0)}), forced=frozenset() if checkpoint is POCKET_SWITCH else frozenset({(None, 1)}),
                   swapped=frozenset({(None, 2, 3)}), temperature=1.5, noise=0.5, shuffle=True, seed=seed)


def _time_clicks(browser, address: str) -> Figure:
    page = open_page(browser, address)
    page.evaluate(CLICK, DEMO)
    page.wait_for_timeout(SETTLE_MILLISECONDS)     # the server loads every demo's first model once a page was opened
    times = []
    for number in range(WARM + CLICKS):
        found = page.evaluate(CLICK, DEMO)
        if number >= WARM:
            times.append(found)
        page.wait_for_timeout(300)                 # the page has heard that the run ended
    tokens = page.locator(f"#{DEMO}-stage .route-token").count()
    page.context.close()
    if tokens not in (TOKENS - 1, TOKENS):
        raise RuntimeError(f"{tokens} tokens on the page instead of {TOKENS}")
    return Figure(DEMO, "click_to_grid_ms", median(times), "ms", 250,
                  f"{tokens} tokens, {POCKET_MIXTRAL.name}, Chromium: from the click to two frames after the grid was drawn; median of {CLICKS} after "
                  f"{WARM}, slowest {max(times):.0f}")


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
