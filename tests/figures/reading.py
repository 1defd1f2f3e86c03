"""Reads a figure back: what is drawn, and where."""

from __future__ import annotations

from xml.etree import ElementTree

NAMESPACE = "{http://www.w3.org/2000/svg}"

# Labels that visitors send to see what breaks, and what must not survive of them.
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "${7*7} {{7*7}} {0} {label}",
           "a\x00b\x1b[31m\x07", "\u202egnirts desrever", "\u0642\u0637\u0629", "]]>&amp;&#0;", "\ud800lone",
           "\ufffe\uffff",
           "x" * 10_000, "", "\U0001F469\U0001F3FD\u200d\U0001F52C" * 40, "line\nbreak\ttab")


def parse(source: str) -> ElementTree.Element:
    """The figure as a tree: it must be well-formed XML, named, described, scalable and self-contained."""
    source.encode("utf-8")
    root = ElementTree.fromstring(source)
    assert root.tag == NAMESPACE + "svg" and root.get("role") == "img" and root.get("viewBox")
    assert [child.tag for child in root[:2]] == [NAMESPACE + "title", NAMESPACE + "desc"]
    for element in root.iter():
        assert element.tag.removeprefix(NAMESPACE) in {
            "svg", "title", "desc", "text", "rect", "line", "image", "polyline", "polygon", "circle"}
        assert element.get("id") is None and not any(name.startswith("on") for name in element.attrib)
        assert (element.get("href") or "data:image/png;base64,").startswith("data:image/png;base64,")
    return root


def marks(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """The elements of class `name`, in the order drawn."""
    return [element for element in root.iter() if element.get("class") == name]


def words(root: ElementTree.Element) -> list[str]:
    """What is written, without the tips."""
    return ["".join([element.text or "", *(child.tail or "" for child in element)])
            for element in root.iter(NAMESPACE + "text")]


def number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name))


def points(element: ElementTree.Element) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in element.get("points").split()]
