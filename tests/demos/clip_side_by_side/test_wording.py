from demos.base.clip.templates import read_templates
from demos.base.text import load_text
from demos.clip_side_by_side.wording import reword_labels, reword_templates

EN, ZH = ([r["labels"] for r in load_text(language).records("clip.presets")] for language in ("en", "zh"))


def test_every_ready_made_label_has_its_counterpart():
    for english, chinese in zip(EN, ZH, strict=True):
        assert reword_labels(tuple(english), "zh") == (tuple(chinese), ())
        assert reword_labels(tuple(chinese), "en") == (tuple(english), ())


def test_labels_in_the_language_already_stay():
    assert reword_labels(tuple(EN[0]), "en") == (tuple(EN[0]), ())
    assert reword_labels(("my own dog", "zebra crossing at night"), "en") == (("my own dog", "zebra crossing at night"), ())


def test_capitals_do_not_matter_and_unknown_words_are_said():
    worded, left = reword_labels(("FOX", "my dog Rex"), "zh")
    assert worded == (ZH[0][EN[0].index("fox")], "my dog Rex") and left == ("my dog Rex",)


def test_names_of_emoji_are_known():
    worded, left = reword_labels(("hedgehog",), "zh")
    assert worded != ("hedgehog",) and left == ()


def test_templates_change_language_by_their_place():
    lists = read_templates()
    assert len(lists["en"]) == len(lists["zh"])
    assert reword_templates(tuple(lists["en"]), "zh") == tuple(lists["zh"])
    assert reword_templates(tuple(lists["zh"]), "en") == tuple(lists["en"])
    assert reword_templates(("my {}",), "zh") == ("my {}",)
