"""The query explorer in a browser: the query and its neighbours move with the controls."""

import lab
import looks
import pytest

PANEL = """
from advcourse import models, retrieval, widgets

describe = retrieval.descriptor(retrieval.features(models.pretrained()), retrieval.gem_pool, size=96)
widgets.QueryExplorer(retrieval.Engine(describe, retrieval.database(96)))
"""


@pytest.fixture(scope="module")
def book(jupyter):
    """One notebook with the panel, the real network and the whole database."""
    with jupyter.running("query", PANEL) as book:
        yield book


def pictures(panel) -> list[str]:
    return panel.locator("canvas").evaluate_all("all => all.map(one => one.toDataURL())")


def notes(panel, figure: int) -> str:
    return panel.locator("figure").nth(figure).inner_text()


def test_a_cup_of_coffee_asks_for_the_cat(book, shoot):
    panel = book.panel()
    panel.locator("[name=eps]").fill("8")
    line = lab.settled(panel)
    assert "up to 8 grey levels" in line and "0 → 5 show chelsea" in line
    assert "5 × coffee" in notes(panel, 3) and "5 × chelsea" in notes(panel, 4)
    shoot(panel, "query")


def test_without_a_radius_it_asks_for_coffee(book, shoot):
    panel = book.panel()
    panel.locator("[name=eps]").fill("0")
    line, shown = lab.settled(panel), pictures(panel)
    assert shown[3] == shown[4] and "up to 0 grey levels" in line and "0 → 0 show chelsea" in line
    shoot(panel, "query-clean")


def test_a_price_instead_of_a_radius(book, shoot):
    panel = book.panel()
    assert panel.locator("[name=price]").is_disabled() and panel.locator("[name=eps]").is_enabled()
    panel.locator("[name=kept]").select_option("a price")
    lab.settled(panel)
    assert panel.locator("[name=price]").is_enabled() and panel.locator("[name=eps]").is_disabled()
    panel.locator("[name=price]").fill("3")
    assert "→ 0 show chelsea" not in lab.settled(panel)
    shoot(panel, "query-price")
    panel.locator("[name=kept]").select_option("a radius")
    lab.settled(panel)


def test_another_carrier_and_another_target(book, shoot):
    panel = book.panel()
    panel.locator("[name=chosen]").select_option("china, upper left")
    panel.locator("[name=target]").select_option("rocket, lower right")
    panel.locator("[name=eps]").fill("12")
    assert "show rocket" in lab.settled(panel)
    assert "china" in notes(panel, 3) and "rocket" in notes(panel, 4)
    shoot(panel, "query-china")


def test_arrow_keys_move_the_radius_and_the_query_follows(book):
    panel = book.panel()
    panel.locator("[name=eps]").fill("2")
    lab.settled(panel)
    lab.quick(lab.latencies(panel, panel.locator("[name=eps]"), "ArrowRight", 3), 5000)


def test_every_control_is_one_stop_of_the_tab_key_and_has_a_name(book):
    panel = book.panel()
    looks.stops(panel, 4)


def test_nothing_complained(book):
    assert book.complaints == []
