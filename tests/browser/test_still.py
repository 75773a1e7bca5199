"""Markup that is changed in place (assets/still.js): what a person did to a row stays with that row."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.dashboards import served_dashboard
from tests.browser.visits import Visit, signed_in
from tests.fakes import fake_desk

PLACE = "#still"


@pytest.fixture(scope="module")
def visit(browser: Browser) -> Iterator[Visit]:
    with served_dashboard(fake_desk()) as served, signed_in(browser, served.url, path="/logs") as visit:
        yield visit
        assert visit.complaints == []


@pytest.fixture
def page(visit: Visit) -> Iterator[Page]:
    """With an empty part of its own."""
    visit.page.evaluate(
        """() => {
             const made = Object.assign(document.createElement("div"), { id: "still" });
             document.body.append(made);
           }"""
    )
    yield visit.page
    visit.page.evaluate("document.querySelector('#still').remove()")


def show(page: Page, markup: str | None) -> None:
    """As an update does; None as React does when a part is drawn in another way."""
    page.evaluate(
        """async (markup) => {
             const place = document.querySelector("#still");
             if (markup === null) delete place.dataset.still;
             else place.dataset.still = markup;
             await new Promise((done) => setTimeout(done)); // after the observers
           }""",
        markup,
    )


def remember(page: Page, selector: str) -> None:
    page.evaluate("selector => { window.remembered = document.querySelector(selector); }", selector)


def is_the_same(page: Page, selector: str) -> bool:
    return bool(page.evaluate("selector => window.remembered === document.querySelector(selector)", selector))


def details(*texts: str, cell: str = "1") -> str:
    return "".join(f"<details><summary>{text}</summary><p>{text} {cell}</p></details>" for text in texts)


def rows(*names: str) -> str:
    cells = "".join(f"<tr><td>{name}</td></tr>" for name in names)
    return f"<table><tbody>{cells}</tbody></table>"


def test_texts_and_attributes_change_and_the_elements_stay(page: Page) -> None:
    show(page, '<p class="up" title="a">10 <b>USDT</b></p>')
    remember(page, f"{PLACE} b")
    show(page, '<p class="down" data-value="9">9 <b>USDC</b></p>')
    assert page.locator(PLACE).inner_html() == '<p class="down" data-value="9">9 <b>USDC</b></p>'
    assert is_the_same(page, f"{PLACE} b")


def test_an_element_of_another_kind_takes_the_place_of_the_one_before(page: Page) -> None:
    show(page, "<p>none</p><i>b</i>")
    show(page, "<ul><li>one</li></ul><i>b</i>")
    assert page.locator(PLACE).inner_html() == "<ul><li>one</li></ul><i>b</i>"


def test_what_is_open_and_what_has_the_focus_stay_so(page: Page) -> None:
    show(page, details("a", "b"))
    page.get_by_text("b", exact=True).click()
    expect(page.locator(f"{PLACE} details").nth(1)).to_have_attribute("open", "")
    show(page, details("a", "b", cell="2"))
    assert [each.is_visible() for each in page.locator(f"{PLACE} p").all()] == [False, True]
    expect(page.locator(f"{PLACE} p").nth(1)).to_have_text("b 2")
    expect(page.locator(f"{PLACE} summary").nth(1)).to_be_focused()


def test_new_rows_are_added_and_those_that_are_gone_go(page: Page) -> None:
    show(page, rows("a", "b"))
    remember(page, f"{PLACE} tr")
    show(page, rows("a", "b", "c"))
    expect(page.locator(f"{PLACE} td")).to_have_text(["a", "b", "c"])
    show(page, rows("a"))
    expect(page.locator(f"{PLACE} td")).to_have_text(["a"])
    assert is_the_same(page, f"{PLACE} tr")
    show(page, "<p>No rows.</p>")
    assert page.locator(PLACE).inner_html() == "<p>No rows.</p>"


def test_rows_that_a_person_sorted_keep_their_order_and_each_its_own_text(page: Page) -> None:
    show(page, rows("a", "b", "c"))
    # as times.js does
    page.evaluate(
        """() => {
             const body = document.querySelector("#still tbody");
             [...body.rows].forEach((row, place) => { row.tradeAgentPlace = place; });
             body.append(...[...body.rows].reverse());
           }"""
    )
    show(page, rows("a 2", "b 2", "c 2"))
    expect(page.locator(f"{PLACE} td")).to_have_text(["c 2", "b 2", "a 2"])


def test_what_a_person_wrote_stays(page: Page) -> None:
    field = '<label>Part<input name="part" value="1"></label>'
    show(page, f"{field}<p>a</p>")
    page.get_by_label("Part").fill("0.5")
    show(page, f"{field}<p>b</p>")
    expect(page.get_by_label("Part")).to_have_value("0.5")
    expect(page.get_by_label("Part")).to_be_focused()
    expect(page.locator(f"{PLACE} p")).to_have_text("b")


def test_the_same_markup_again_touches_nothing(page: Page) -> None:
    show(page, "<p>a</p>")
    page.evaluate("document.querySelector('#still p').textContent = 'by a script'")
    show(page, "<p>a</p>")
    expect(page.locator(f"{PLACE} p")).to_have_text("by a script")


def test_the_text_of_a_time_is_told_anew_only_for_another_time(page: Page) -> None:
    show(page, '<time datetime="2020-05-04T09:30:00+00:00">09:30 UTC</time>')
    seen = page.locator(f"{PLACE} time")
    expect(seen).to_have_text("04 May 2020 18:30")  # in the viewer's zone, by times.js
    show(page, '<time class="x" datetime="2020-05-04T09:30:00+00:00">09:30 UTC</time>')
    assert seen.inner_text() == "04 May 2020 18:30"
    show(page, '<time datetime="2020-05-04T10:30:00+00:00">10:30 UTC</time>')
    expect(seen).to_have_text("04 May 2020 19:30")


def test_markup_that_is_taken_away_leaves_nothing_behind(page: Page) -> None:
    show(page, "<p>a</p><p>b</p>")
    show(page, None)
    assert page.locator(PLACE).inner_html() == ""
    show(page, "<p>c</p>")
    assert page.locator(PLACE).inner_html() == "<p>c</p>"
