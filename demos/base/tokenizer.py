"""The playground's shared tokenizer: byte-level BPE over English, Chinese, Python and emoji.

Every text is made of bytes, and bytes are the alphabet, so nothing is unknown and decoding gives
back exactly what was encoded: case, white space, emoji and all. Digits stand alone, which lets a
small model learn arithmetic. `python -m demos.base.tokenizer` trains it again.

Source: Sennrich et al., arXiv 1508.07909 (BPE); byte-level alphabet after GPT-2.
"""

import argparse
import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "weights" / "tokenizer"
VOCABULARY = 8000
PAD, BOS, MASK, EOS, SEP, CLS = SPECIAL = ("<pad>", "<bos>", "<mask>", "<eos>", "<sep>", "<cls>")
# CLIP's text tower must not end on id 2: transformers reads that value as an old, broken config.
PAD_ID, BOS_ID, MASK_ID, EOS_ID, SEP_ID, CLS_ID = range(len(SPECIAL))
MEGABYTE = 1 << 20
# Characters taken from each corpus, and how often the short ones are read.
SHARES = (
    ("english/childrens_stories.txt", 3 * MEGABYTE, 1),
    ("english/wikipedia_wikitext2.txt", 2 * MEGABYTE, 1),
    ("english/classic_novels.txt", MEGABYTE, 1),
    ("chinese_poetry/tang_regulated.txt", MEGABYTE, 1),
    ("chinese_poetry/song_ci.txt", MEGABYTE // 2, 1),
    ("en_zh_pairs/en_zh.tsv", 4 * MEGABYTE, 3),
    ("python_source/python_stdlib.txt", 3 * MEGABYTE, 1),
)
EMOJI_REPEATS = 12


def load_tokenizer(folder: Path = FOLDER):
    """The shipped PreTrainedTokenizerFast.

    Raises: OSError when the folder holds no tokenizer.
    """
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)


def take_evenly(lines: list[str], budget: int) -> Iterator[str]:
    """Every n-th line, so that about `budget` characters come out, spread over the whole text."""
    total = sum(map(len, lines))
    step = max(1, round(total / budget))
    # Blocks of 32 lines keep indentation and paragraphs together.
    for start in range(0, len(lines), 32 * step):
        yield "".join(lines[start:start + 32])


def read_corpus(data: Path) -> Iterator[str]:
    """The training text, balanced between the languages.

    Raises: FileNotFoundError when a corpus is missing.
    """
    for name, budget, repeats in SHARES:
        with open(Path(data) / name, encoding="utf-8", newline="") as text:
            lines = text.readlines()
        for _ in range(repeats):
            yield from take_evenly(lines, budget)
    yield from read_emoji_text(data)


def read_emoji_text(data: Path) -> Iterator[str]:
    """Names and keywords in both languages, at the start of a label and inside a sentence."""
    with open(Path(data) / "emoji" / "emoji.csv", encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["group"] != "flags"]
    for row in rows:
        words = "\n".join([row["name_en"], *row["keywords_en"].split("|"), row["name_zh"],
                           *row["keywords_zh"].split("|")])
        for _ in range(EMOJI_REPEATS):
            yield f"{words}\na {row['name_en']}"


def train_tokenizer(texts: Iterator[str], vocabulary: int = VOCABULARY):
    """Learn the merges and wrap them as a PreTrainedTokenizerFast that frames a text in bos and eos."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"\n+"), behavior="isolated"),
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=2, special_tokens=list(SPECIAL), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), max_token_length=24)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A {EOS}", pair=f"{BOS} $A {SEP} $B {EOS}",
        special_tokens=[(BOS, BOS_ID), (EOS, EOS_ID), (SEP, SEP_ID)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, bos_token=BOS, eos_token=EOS, mask_token=MASK,
        sep_token=SEP, cls_token=CLS, padding_side="right", model_max_length=1 << 20,
        clean_up_tokenization_spaces=False)


def save_tokenizer(tokenizer, folder: Path) -> None:
    """Write tokenizer.json and a tokenizer_config.json that names the public class."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(str(folder))
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    # Newer transformers write an internal class name here that older ones do not know.
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    config.pop("backend", None)
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def measure_bytes_per_token(tokenizer, data: Path) -> dict[str, float]:
    """UTF-8 bytes one token covers on a slice of each corpus; longer is better."""
    slices = {"english": "english/tinyshakespeare.txt", "chinese_poetry": "chinese_poetry/famous_poems.txt",
              "english_chinese_pairs": "en_zh_pairs/en_zh.tsv", "python": "python_source/python_stdlib.txt"}
    figures = {}
    for name, path in slices.items():
        text = (Path(data) / path).read_text(encoding="utf-8")
        text = text[len(text) // 2:len(text) // 2 + 100_000]
        tokens = tokenizer(text, add_special_tokens=False).input_ids
        figures[name] = round(len(text.encode()) / len(tokens), 3)
    return figures


CARD = """---
license: apache-2.0
library_name: tokenizers
language: [en, zh]
---

# Shared tokenizer

Byte-level BPE with {vocabulary:,} entries for English, Chinese, Python and emoji names, used by every
language model and text tower here. Nothing is unknown; case and white space are kept; digits stand
alone. `PreTrainedTokenizerFast.from_pretrained` opens this folder.

Special tokens: {special}.

UTF-8 bytes per token on text it was mostly not trained on (`metrics.json`): {figures}.

Made by `python -m demos.base.tokenizer`. The texts are named in the project's NOTICE; none is included.
"""


def write_card(folder: Path, figures: dict) -> None:
    """README.md with the measured figures."""
    special = ", ".join(f"`{token}` {index}" for index, token in enumerate(SPECIAL))
    measured = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures["bytes_per_token"].items())
    (folder / "README.md").write_text(
        CARD.format(vocabulary=figures["vocabulary"], special=special, figures=measured), encoding="utf-8")


def main() -> None:
    """Train, measure and store the tokenizer with a card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("EPOCHS_DATA", ROOT.parent / "shared" / "data")))
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    tokenizer = train_tokenizer(read_corpus(options.data))
    save_tokenizer(tokenizer, options.out)
    figures = {"vocabulary": len(tokenizer), "bytes_per_token": measure_bytes_per_token(tokenizer, options.data)}
    (options.out / "metrics.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    write_card(options.out, figures)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
