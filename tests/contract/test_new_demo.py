"""A demo built from the lines of demos/README.md runs in both languages, and no shared file changes.

Duplicates and incomplete demos are errors at start-up.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shutil
import sys
from urllib.request import Request, urlopen

import pytest

from demos.base.text import LANGUAGES
from demos.registry import REQUIRED, IncompleteDemo, find_demos
from tests.contract.house import DEMOS, ROOT
from tests.contract.test_imports import wrong_arrows_inside
from tests.contract.test_text import differences, missing_keys, outline, words

GUIDE = (ROOT / "demos" / "README.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^\*\*`([\w./]+)`\*\*\n\n```\w+\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE))
ID = "softmax_temperature"
_packages = itertools.count()


def write_demo(folder, id: str = ID, without: str = ""):
    """The README's smallest demo below `folder`, called `id`, but for the file `without`."""
    for name, content in {"__init__.py": "", **FILES}.items():
        path = folder / id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name != without:
            path.write_text(content.replace(ID, id), encoding="utf-8")
    return folder


@pytest.fixture
def package():
    """A package name nobody used: what was imported under it is forgotten again."""
    name = f"throwaway{next(_packages)}"
    yield name
    for module in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
        del sys.modules[module]


def state_of_repository() -> str:
    files = sorted([ROOT / "app.py", *(p for p in (ROOT / "demos").rglob("*") if p.is_file() and p.suffix != ".pyc")])
    return hashlib.sha256(b"".join(str(p).encode() + p.read_bytes() for p in files)).hexdigest()


def test_guide_shows_every_required_file():
    assert set(REQUIRED) - {"__init__.py"} <= FILES.keys()


def test_throwaway_demo_is_served_in_both_languages(tmp_path, package):
    import app

    before = state_of_repository()
    [new] = find_demos(write_demo(tmp_path), package)
    demos = [*DEMOS, new]
    options = app.launch_options(demos) | {"prevent_thread_lock": True, "quiet": True, "server_name": "127.0.0.1"}
    blocks = app.build(demos)
    _, url, _ = blocks.launch(**options)
    try:
        for language, path in zip(LANGUAGES, ["", "zh"], strict=True):
            page = _read(f"{url}{path}?demo={new.id}")
            title = new.text(language)("title")
            assert title in page or json.dumps(title)[1:-1] in page
        assert _call(url, "soften", [2.0])[1]["svg"].startswith("<svg")
        for hot in (1000, None):
            refused = _call(url, "soften", [hot])[0]
            assert refused["kind"] == "error" and "20" in refused["message"]
    finally:
        blocks.close(verbose=False)
    assert state_of_repository() == before


def _read(url: str) -> str:
    with urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def _call(url: str, name: str, values: list) -> list:
    """What a public function of the app returns: post, then read the stream of events to its end."""
    body = json.dumps({"data": values}).encode()
    post = Request(f"{url}gradio_api/call/{name}", body, {"Content-Type": "application/json"})
    event = json.loads(_read(post))["event_id"]
    stream = _read(f"{url}gradio_api/call/{name}/{event}")
    assert "event: complete" in stream, stream
    return json.loads(stream.rpartition("data: ")[2])


def test_throwaway_demo_keeps_the_contracts(tmp_path, package):
    [new] = find_demos(write_demo(tmp_path), package)
    assert wrong_arrows_inside(new) == []
    assert differences(words(new, "en"), words(new, "zh")) == []
    assert outline(words(new, "en")["story"]) == outline(words(new, "zh")["story"])
    for path in new.folder.glob("*.py"):
        assert missing_keys(path.read_text(encoding="utf-8"), words(new, "en")) == []


@pytest.mark.parametrize("name", [name for name in REQUIRED if name != "spec.py"])
def test_incomplete_demo_is_an_error(tmp_path, package, name):
    with pytest.raises(IncompleteDemo, match=name.replace(".", r"\.")):
        find_demos(write_demo(tmp_path, without=name), package)


def test_a_demo_waits_for_its_pocket_model(tmp_path, package):
    spec = write_demo(tmp_path) / ID / "spec.py"
    model = tmp_path / "weights" / "student"
    source = spec.read_text().replace("checkpoints=()", f"checkpoints=(Checkpoint('student', 'Student', 'MIT', 1, folder=Path({str(model)!r})),)")
    spec.write_text("from pathlib import Path\nfrom demos.base.spec import Checkpoint\n" + source)
    assert find_demos(tmp_path, package) == []
    [found] = find_demos(tmp_path, package, waiting=True)
    assert found.waits_for == ["student"]
    model.mkdir(parents=True)
    assert [demo.id for demo in find_demos(tmp_path, package)] == [ID] and found.waits_for == []


def test_folder_without_a_spec_is_no_demo(tmp_path, package):
    assert find_demos(write_demo(tmp_path, without="spec.py"), package) == []


def test_duplicate_demo_is_an_error(tmp_path, package):
    write_demo(tmp_path)
    shutil.copytree(tmp_path / ID, tmp_path / "second")
    with pytest.raises(IncompleteDemo, match="second"):
        find_demos(tmp_path, package)


def test_unknown_era_is_an_error(tmp_path, package):
    spec = write_demo(tmp_path) / ID / "spec.py"
    spec.write_text(spec.read_text().replace("efficiency", "stone_age"))
    with pytest.raises(ValueError, match="stone_age"):
        find_demos(tmp_path, package)


def test_redefined_shared_text_is_an_error(tmp_path, package):
    [new] = find_demos(write_demo(tmp_path), package)
    with (new.folder / "text" / "en.toml").open("a", encoding="utf-8") as text:
        text.write('\n[era]\nefficiency = "mine"\n')
    with pytest.raises(ValueError, match="efficiency"):
        new.text("en")
