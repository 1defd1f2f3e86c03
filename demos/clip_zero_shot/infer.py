"""Zero-shot classification with CLIP, and its reverse: searching pictures by a sentence.

Radford et al. 2021 (arXiv:2103.00020), section 3.1: each label is put into prompt templates, the text
tower turns the prompts into a classifier's weights, and the picture's features are scored by them.
"""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np

from ..base.clip.checkpoints import POCKET, clip_of
from ..base.clip.domain import strangeness, stranger_threshold
from ..base.clip.gallery import gallery, name_of
from ..base.clip.load import clip_entry, open_clip_model
from ..base.clip.model import ClipModel
from ..base.clip.question import SLOT, check_prompts
from ..base.clip.zero_shot import classifier_weights, cut_labels
from ..base.compute import gpu, zero_gpu
from ..base.loader import LOADER
from ..base.provenance import Run
from ..base.spec import Checkpoint
from .schema import Hit, Request, Result, check_query

BACKGROUND = 128


@gpu(duration=20)
def classify(request: Request) -> Result:
    """Scores one picture against the labels.

    Raises:
        UserError: from opening the checkpoint.
    """
    from PIL import Image

    checkpoint = clip_of(request.checkpoint)
    if checkpoint is not POCKET:
        check_prompts(request)
    with open_clip_model(checkpoint) as model:
        # Known captions, encoded once: not part of what this picture costs.
        names, captions = background_captions(model, checkpoint, request)
        start = time.perf_counter()
        picture = model.image_features([Image.fromarray(request.picture)])[0]
        weights = classifier_weights(model, request.labels, request.templates)
        milliseconds = 1000 * (time.perf_counter() - start)
        stranger = strangeness(request.picture, picture) if checkpoint is POCKET else None
        return Result(
            cosines=weights @ picture,
            logit_scale=model.logit_scale, logit_bias=model.logit_bias,
            background=captions @ picture, background_names=names,
            same=tuple(same_thing(label, names) for label in request.labels),
            cut=cut_labels(model, request.labels, request.templates),
            stranger=stranger, stranger_threshold=stranger_threshold() if stranger is not None else None,
            run=Run(model.device.label, "float32", milliseconds, 1, model.parameters))


@gpu(duration=10)
def search(query: str, language: str, k: int = 24) -> list[Hit]:
    """The k emoji whose average picture lies closest to the sentence, by the pocket model.

    Raises:
        UserError: the query is empty or too long; from opening the checkpoint.
    """
    query = check_query(query)
    entries, features = gallery().entries, gallery().image_features
    with open_clip_model(POCKET) as model:
        cosines = features @ model.text_features([query])[0]
    best = np.argsort(-cosines, kind="stable")[:k]
    return [Hit(entries[i]["emoji"], name_of(entries[i], language), float(cosines[i])) for i in best]


def background_captions(model: ClipModel, checkpoint: Checkpoint,
                        request: Request) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of everyday things spread over the emoji, and their (K, E) unit text features.

    Worded by the request's own templates, so that label and background differ in nothing but the
    name. A large checkpoint, for which that takes seconds, gets the first template only.
    """
    entries = gallery().entries
    chosen = np.linspace(0, len(entries) - 1, BACKGROUND).astype(int)
    # A checkpoint that never read the page's language gets the names in its own.
    language = request.language if request.language in checkpoint.languages else checkpoint.languages[0]
    names = tuple(name_of(entries[i], language) for i in chosen)
    templates = request.templates if checkpoint is POCKET else request.templates[:1]
    return names, classifier_weights(model, names, templates)


def same_thing(label: str, names: tuple[str, ...]) -> tuple[int, ...]:
    """Indices of the names that share a word with `label` (for Chinese, two characters in a row)."""
    words = _words(label)
    return tuple(i for i, name in enumerate(names) if words & _words(name))


# Words that join others and name nothing themselves.
_JOINTS = frozenset("the and with for from into that this some something someone".split())


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    latin = "".join(c if c.isascii() and c.isalnum() else " " for c in text.lower()).split()
    stems = frozenset(word.rstrip("s") for word in latin if len(word) > 2) - _JOINTS
    runs = "".join(c if 0x4E00 <= ord(c) <= 0x9FFF else " " for c in text).split()
    pairs = frozenset(run[i:i + 2] for run in runs for i in range(max(1, len(run) - 1)))
    return stems | pairs


def warm() -> None:
    """Loads the pocket model and, where no GPU has to be borrowed for it, runs it once, so that the
    first click is as fast as the second."""
    LOADER.preload([clip_entry(POCKET)])
    if zero_gpu():                                 # a run would ask for a GPU on nobody's behalf
        return
    blank = np.full((64, 64, 3), 255, np.uint8)
    classify(Request(blank, ("a", "b"), (SLOT,), POCKET.id))
