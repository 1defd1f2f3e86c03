"""Zero-shot at full size: our functions against transformers' `zero-shot-image-classification` pipeline
on the same random weights of a ViT-B/32, 100 labels in 7 templates. About 4 minutes on two cores."""

from __future__ import annotations

import gzip
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from demos.base.clip.templates import read_templates
from tests.bench.figure import Figure
from tests.full_clip import write_vit_b_32

DEMO = "clip_side_by_side"
PICTURES, SLOW_PICTURES, REPEATS = 20, 3, 3
# Seven, as many as the "simple" set of the CLIP paper's authors.
TEMPLATES = tuple(read_templates()["en"][:7])
_THINGS = ("cat dog fox horse cow pig rabbit bear panda monkey penguin owl frog snake fish whale car bus train "
           "bicycle ship rocket house castle volcano").split()
LABELS = tuple(f"{colour} {thing}" for colour in ("red", "green", "blue", "old") for thing in _THINGS)


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_vit_b_32(Path(scratch) / "open_clip")
        ours, theirs = _our_way(folder), _pipeline(folder, Path(scratch))
        pictures = draw_pictures()
        gap, spread = _compare(ours, theirs, pictures[0])
        if gap > 1e-4:
            raise AssertionError(f"not the same probabilities: they differ by {gap:.1e}")
        same = f"same probabilities to {gap:.0e} (they spread over {spread:.0e})"
        call = min((_seven_calls, _one_call), key=lambda way: _seconds(lambda: way(theirs, pictures[0])))
        how = f"{len(LABELS)} labels x {len(TEMPLATES)} templates, {same}; the pipeline in its faster way, {call.__doc__}"
        yield _first_picture(ours, theirs, call, pictures, how)
        yield _further_pictures(ours, theirs, call, pictures, how)


def _first_picture(ours, theirs, call: Callable, pictures: list, how: str) -> Figure:
    mine, others = [], []
    for i in range(REPEATS):
        ours.model._texts.clear()                  # nothing remembered: every text is encoded again
        mine.append(_seconds(lambda i=i: ours(pictures[i])))
        others.append(_seconds(lambda i=i: call(theirs, pictures[i])))
    a, b = statistics.median(mine), statistics.median(others)
    return Figure(DEMO, "first_picture_vs_pipeline", a / b, "ratio", 1,
                  f"first picture, no text seen before: {a:.2f} s to {b:.2f} s, medians of {REPEATS}, interleaved; {how}")


def _further_pictures(ours, theirs, call: Callable, pictures: list, how: str) -> Figure:
    ours(pictures[0])
    mine, others, chunk = 0.0, 0.0, (PICTURES - 1) // SLOW_PICTURES + 1
    rest = pictures[1:]
    for i in range(SLOW_PICTURES):                 # in turn, so that both meet the same machine
        mine += _seconds(lambda i=i: [ours(picture) for picture in rest[i * chunk:(i + 1) * chunk]])
        others += _seconds(lambda i=i: call(theirs, pictures[1 + i]))
    a, b = len(rest) / mine, SLOW_PICTURES / others
    return Figure(DEMO, "pictures_per_second_vs_pipeline", a / b, "times", 20,
                  f"from the second picture on: {a:.1f} pictures per second over {len(rest)}, to {b:.3f} over "
                  f"{SLOW_PICTURES} (each of its pictures costs the same), interleaved; {how}", at_least=True)


def draw_pictures() -> list[Image.Image]:
    """PICTURES different ones of 640 x 480, smooth, so that two resizers agree on them."""
    y, x = np.mgrid[0:480, 0:640] / 480
    return [Image.fromarray(np.stack([127 + 127 * np.sin((3 + i % 5) * x + i), 127 + 127 * np.cos(4 * y + i),
                                      255 * (x + y) / 3], -1).astype(np.uint8)) for i in range(PICTURES)]


def _our_way(folder: Path) -> Callable:
    from demos.base.checkpoints import find_checkpoint
    from demos.base.clip.load import load_clip
    from demos.base.clip.zero_shot import classifier_weights, probabilities
    from demos.base.devices import pick_device

    model = load_clip(find_checkpoint(str(folder), (), allow_any=True), pick_device())

    def classify(picture: Image.Image, templates: tuple[str, ...] = TEMPLATES) -> np.ndarray:
        cosines = classifier_weights(model, LABELS, templates) @ model.image_features([picture])[0]
        return probabilities(cosines, model.logit_scale, model.logit_bias)

    classify.model = model
    return classify


def _compare(ours: Callable, theirs: Callable, picture: Image.Image) -> tuple[float, float]:
    """-> the largest difference and the largest spread of the probabilities, over the single templates
    (over several, the pipeline has no mean of vectors)."""
    gaps, spreads = [], []
    for template in TEMPLATES:
        mine = ours(picture, (template,))
        answer = {each["label"]: each["score"] for each in theirs(picture, LABELS, hypothesis_template=template)}
        gaps.append(np.abs(mine - [answer[label] for label in LABELS]).max())
        spreads.append(np.ptp(mine))
    return float(max(gaps)), float(max(spreads))


def _seven_calls(pipe: Callable, picture: Image.Image) -> None:
    """one call for each template, probabilities averaged"""
    sums = dict.fromkeys(LABELS, 0.0)
    for template in TEMPLATES:
        for each in pipe(picture, LABELS, hypothesis_template=template):
            sums[each["label"]] += each["score"] / len(TEMPLATES)


def _one_call(pipe: Callable, picture: Image.Image) -> None:
    """one call with all prompts as labels, probabilities summed by label"""
    prompts = {template.replace("{}", label): label for label in LABELS for template in TEMPLATES}
    sums = dict.fromkeys(LABELS, 0.0)
    for each in pipe(picture, list(prompts), hypothesis_template="{}"):
        sums[prompts[each["label"]]] += each["score"]


def _pipeline(folder: Path, scratch: Path) -> Callable:
    from transformers import pipeline

    _write_transformers(folder, scratch / "transformers")
    return pipeline("zero-shot-image-classification", model=str(scratch / "transformers"), device="cpu")


def _write_transformers(folder: Path, target: Path) -> None:
    """The open_clip folder's network as a transformers CLIP, with its preprocessing and tokenizer."""
    import open_clip
    from open_clip.tokenizer import default_bpe
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

    from demos.base.clip.towers import load_exactly, read_open_clip, rename_blocks

    config, state = read_open_clip(folder)
    model = CLIPModel(CLIPConfig(
        projection_dim=config["embed_dim"],
        text_config={"hidden_size": 512, "num_attention_heads": 8, "intermediate_size": 2048, "hidden_act": "gelu",
                     "vocab_size": 49408, "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 49407},
        vision_config={"hidden_size": 768, "intermediate_size": 3072, "patch_size": 32, "hidden_act": "gelu"}))
    text, vision = "text_model.", "vision_model."
    load_exactly(model, rename_blocks(state, "transformer.resblocks.", f"{text}encoder.layers.")
                 | rename_blocks(state, "visual.transformer.resblocks.", f"{vision}encoder.layers.") | {
        f"{text}embeddings.token_embedding.weight": state["token_embedding.weight"],
        f"{text}embeddings.position_embedding.weight": state["positional_embedding"],
        f"{text}final_layer_norm.weight": state["ln_final.weight"],
        f"{text}final_layer_norm.bias": state["ln_final.bias"],
        f"{vision}embeddings.class_embedding": state["visual.class_embedding"],
        f"{vision}embeddings.patch_embedding.weight": state["visual.conv1.weight"],
        f"{vision}embeddings.position_embedding.weight": state["visual.positional_embedding"],
        f"{vision}pre_layrnorm.weight": state["visual.ln_pre.weight"],
        f"{vision}pre_layrnorm.bias": state["visual.ln_pre.bias"],
        f"{vision}post_layernorm.weight": state["visual.ln_post.weight"],
        f"{vision}post_layernorm.bias": state["visual.ln_post.bias"],
        "text_projection.weight": state["text_projection"].T.contiguous(),
        "visual_projection.weight": state["visual.proj"].T.contiguous(),
        "logit_scale": state["logit_scale"]})
    model.save_pretrained(target)
    CLIPImageProcessor().save_pretrained(target)
    vocabulary = dict(open_clip.SimpleTokenizer().encoder)
    for old, new in (("<start_of_text>", "<|startoftext|>"), ("<end_of_text>", "<|endoftext|>")):
        vocabulary[new] = vocabulary.pop(old)
    lines = gzip.open(default_bpe()).read().decode("utf-8").split("\n")[1:49152 - 256 - 2 + 1]
    CLIPTokenizer(vocab=vocabulary, merges=[tuple(line.split()) for line in lines],
                  model_max_length=77).save_pretrained(target)


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
