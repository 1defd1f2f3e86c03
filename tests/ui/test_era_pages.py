"""A page with one era in it: what of Gradio's configuration stays, and what an address asks for."""

from __future__ import annotations

import json

import pytest

from demos.registry import by_era, find_demos
from demos.ui.era_pages import EraPages, only_era

ERAS = by_era(find_demos())


@pytest.fixture(scope="module")
def config() -> dict:
    import app

    whole = app.demo.get_config_file()
    return whole | {"current_page": "", **{part: [each for each in whole[part] if each["id"] in set(whole["page"][""][part])]
                                          for part in ("components", "dependencies")}, "layout": whole["page"][""]["layout"]}


def boxes(config: dict) -> set[str]:
    return {component["props"].get("elem_id") for component in config["components"]}


@pytest.mark.parametrize("era", ERAS)
def test_a_page_holds_its_eras_demos_and_every_eras_tab(config: dict, era: str) -> None:
    page = only_era(config, era)
    assert {demo.id for members in ERAS.values() for demo in members} & boxes(page) == {demo.id for demo in ERAS[era]}
    tabs = {component["props"].get("id") for component in page["components"] if component["type"] == "tabitem"}
    assert set(ERAS) <= tabs
    assert [component["props"]["selected"] for component in page["components"] if component["props"].get("elem_classes") == ["eras"]] == [era]
    assert len(page["components"]) < len(config["components"]) and len(page["dependencies"]) < len(config["dependencies"])


@pytest.mark.parametrize("era", ERAS)
def test_what_is_heard_of_is_there(config: dict, era: str) -> None:
    page, here = only_era(config, era), {component["id"] for component in config["components"]}
    kept, events = {component["id"] for component in page["components"]}, {each["id"] for each in page["dependencies"]}
    for each in page["dependencies"]:
        assert all(target is None or target in kept or target not in here for target, _ in each["targets"])
        assert each["trigger_after"] is None or each["trigger_after"] in events
        if ["load"] != [name for _, name in each["targets"]]:      # the opening speaks to all demos of all eras
            assert set(each["inputs"]) | set(each["outputs"]) <= kept
    assert page["page"][""]["layout"] == page["layout"] and set(page["page"][""]["components"]) == kept


def test_no_event_is_lost(config: dict) -> None:
    pages = [{each["id"] for each in only_era(config, era)["dependencies"]} for era in ERAS]
    assert set.union(*pages) == {each["id"] for each in config["dependencies"]}


def test_the_address_names_the_era() -> None:
    pages, first = EraPages(find_demos()), next(iter(ERAS))
    for era, members in ERAS.items():
        assert {pages.name(f"seed=3&demo={demo.id}".encode()) for demo in members} == {era}
    for query in (b"", b"demo=", b"demo=nothing", b"demo=%3Cb%3E", "demo=\xe9".encode("latin-1"), b"%ff&&=;"):
        assert pages.name(query) == first


def test_a_page_is_cut_where_its_configuration_stands_and_stays_a_page() -> None:
    demos = find_demos()
    tab = {"id": 2, "type": "tabitem", "props": {"id": demos[0].spec.era, "label": "</script><b>'&"}}
    other = {"id": 3, "type": "tabitem", "props": {"id": "other"}}
    whole = {"components": [{"id": 1, "type": "tabs", "props": {"elem_classes": ["eras"]}}, tab, other, {"id": 4, "type": "html", "props": {}}],
             "dependencies": [], "page": {"": {}}, "layout": {"id": 0, "children": [{"id": 1, "children": [
                 {"id": 2, "children": []}, {"id": 3, "children": [{"id": 4}]}]}]}}
    written = json.dumps(whole).replace("<", "\\u003c")
    page = f"<head><script>window.gradio_config = {written};</script></head><body>'</body>".encode()
    cut = EraPages(demos).cut(page, demos[0].spec.era)
    inside = cut[cut.index(b"{"):cut.index(b";</script>")]
    assert cut.startswith(b"<head><script>window.gradio_config = ") and cut.endswith(b";</script></head><body>'</body>")
    assert not set(b"<>&'") & set(inside) and [each["id"] for each in json.loads(inside)["components"]] == [1, 2, 3]
    assert EraPages(demos).cut(b"<html>another Gradio's", "x") == b"<html>another Gradio's"
