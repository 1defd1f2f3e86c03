"""Text models that were distilled, what they were distilled from, and which belong together.

Two models can be compared token by token where they cut every text alike: `VOCABULARY` names, for the models listed
here, the vocabulary that each was trained with.
"""

from __future__ import annotations

from dataclasses import replace

from ..attention.checkpoints import FULL_SIZE
from ..checkpoints import any_checkpoint_allowed, find_checkpoint
from ..errors import UserError
from ..spec import WEIGHTS, Checkpoint

WEIGHTS_FOLDER = WEIGHTS / "distilled_text"

POCKET_TEACHER = Checkpoint(
    id="pocket-teacher", name="Pocket GPT, trained longer", licence="Apache-2.0", parameters=4.21, folder=WEIGHTS_FOLDER / "teacher",
    gigabytes=0.03, languages=("en", "zh"))
POCKET_STUDENT = Checkpoint(
    id="pocket-student", name="Pocket GPT, distilled", licence="Apache-2.0", parameters=1.81, folder=WEIGHTS_FOLDER / "student",
    gigabytes=0.03, languages=("en", "zh"))
POCKET_CONTROL = Checkpoint(
    id="pocket-control", name="Pocket GPT, small, without a teacher", licence="Apache-2.0", parameters=1.81,
    folder=WEIGHTS_FOLDER / "control", gigabytes=0.03, languages=("en", "zh"))

_LISTED = {checkpoint.id: checkpoint for checkpoint, _ in FULL_SIZE}
GPT2, DISTILGPT2, BERT = (_LISTED[id] for id in ("openai-community/gpt2", "distilbert/distilgpt2", "google-bert/bert-base-uncased"))
# Not pinned yet: see "Waiting for the network" in weights/README.md. Of the two large ones the memory is that of half precision,
# in which a processor opens them, too.
DISTILBERT = replace(DISTILGPT2, id="distilbert/distilbert-base-uncased", repo="distilbert/distilbert-base-uncased",
                     name="DistilBERT base", parameters=67, megabytes=268, gigabytes=0.5)
QWEN_MATH = replace(DISTILGPT2, id="Qwen/Qwen2.5-Math-1.5B", repo="Qwen/Qwen2.5-Math-1.5B", name="Qwen2.5-Math 1.5B",
                    parameters=1544, megabytes=3087, gigabytes=3.6, languages=("en", "zh"))
R1_DISTILL = replace(QWEN_MATH, id="deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", repo="deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
                     name="DeepSeek-R1-Distill-Qwen 1.5B", licence="MIT", parameters=1777, megabytes=3554, gigabytes=4.1)

# (teacher, student); the last one's teacher, DeepSeek-R1, is not here: beside it stands the model that it was made from.
PAIRS = ((POCKET_TEACHER, POCKET_STUDENT), (POCKET_CONTROL, POCKET_STUDENT), (GPT2, DISTILGPT2), (BERT, DISTILBERT), (QWEN_MATH, R1_DISTILL))
VOCABULARY = {checkpoint.id: name for name, pairs in (("epochs", PAIRS[:2]), ("gpt2", PAIRS[2:3]), ("bert-uncased", PAIRS[3:4]),
                                                      ("qwen2", PAIRS[4:])) for pair in pairs for checkpoint in pair}


def _offered(checkpoints: tuple[Checkpoint, ...]) -> tuple[Checkpoint, ...]:
    """Each once; a pocket model once its recipe has been run."""
    return tuple(c for c in dict.fromkeys(checkpoints) if c.folder is None or c.folder.is_dir())


TEACHERS = _offered((*(teacher for teacher, _ in PAIRS if teacher is not POCKET_CONTROL), POCKET_CONTROL))
STUDENTS = _offered((*(student for _, student in PAIRS), POCKET_CONTROL))
LANGUAGE_MODELS = _offered((*TEACHERS, *STUDENTS))


def language_model_of(id: str) -> Checkpoint:
    """The model a picker's id names. Raises UserError as `find_checkpoint`."""
    return find_checkpoint(id, LANGUAGE_MODELS, allow_any=any_checkpoint_allowed())


def check_listed(first: Checkpoint, second: Checkpoint) -> None:
    """Raises: UserError `pair_differs`: both are listed, with different vocabularies; known before anything is fetched."""
    if {first.id, second.id} <= VOCABULARY.keys() and VOCABULARY[first.id] != VOCABULARY[second.id]:
        raise UserError("pair_differs", first=first.name, second=second.name)
