"""The dialogs of acts, while answers are slow and the page changes under them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.dashboards import served_dashboard
from tests.browser.visits import Visit, signed_in
from tests.fakes import FakeClock, FakeDesk, fake_desk
from tests.processes import eventually
from tests.resting import with_oco


@pytest.fixture
def desk() -> FakeDesk:
    return with_oco(fake_desk(clock=FakeClock(datetime.now(tz=UTC)), interval_s=600))


@pytest.fixture
def visit(browser: Browser, desk: FakeDesk) -> Iterator[Visit]:
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        yield visit
        assert visit.complaints == []


def held_back(page: Page, address: str) -> list[Route]:
    """The requests to an address, which wait until they are let go."""
    held: list[Route] = []
    page.route(f"**{address}", lambda route: held.append(route))
    return held


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def let_go(page: Page, held: list[Route], number: int) -> None:
    """The request of that number, once it is there, until its answer is dealt with."""
    # each question to the browser also takes what it has to tell
    eventually(lambda: page.evaluate("true") and len(held) > number, within_s=60, what="a request")
    route = held[number]
    with page.expect_response(lambda answer: answer.request == route.request) as answered:
        route.continue_()
    answered.value.finished()
    page.evaluate("new Promise(done => setTimeout(done))")


def test_the_last_question_that_was_asked_for_is_the_one_that_opens(visit: Visit, desk: FakeDesk) -> None:
    page = visit.page
    held = held_back(page, "/acts/ask")
    press(page, "Flatten")
    press(page, "Pause")
    page.wait_for_function("() => document.querySelectorAll('[data-act]:disabled').length === 2")
    let_go(page, held, 1)
    heading = page.get_by_role("dialog").get_by_role("heading")
    expect(heading).to_have_text("Pause trading?")
    let_go(page, held, 0)
    expect(heading).to_have_text("Pause trading?")
    expect(page.locator("dialog")).to_have_count(1)


def test_a_question_that_comes_after_its_dialog_was_closed_opens_none(visit: Visit) -> None:
    page = visit.page
    visit.open("/positions")
    press(page, "Sell a part of BTCUSDT")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    held = held_back(page, "/acts/ask")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("button", name="Continue")).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("dialog")).to_have_count(0)
    let_go(page, held, 0)
    expect(page.locator("dialog")).to_have_count(0)


def test_an_act_that_was_sent_before_its_dialog_was_closed_is_told_and_closes_no_other(
    visit: Visit, desk: FakeDesk
) -> None:
    page = visit.page
    press(page, "Pause")
    held = held_back(page, "/acts/do")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Pause").click()
    dialog.get_by_role("button", name="Cancel").click()
    press(page, "Halt")
    expect(dialog.get_by_role("heading")).to_have_text("Halt all trading?")
    let_go(page, held, 0)
    expect(page.locator("#toasts .note.good")).to_contain_text("Paused")
    expect(dialog.get_by_role("heading")).to_have_text("Halt all trading?")
    assert desk.state.snapshot.actor == "dashboard"


def test_a_dialog_is_headed_by_the_button_that_was_pressed(visit: Visit) -> None:
    page = visit.page
    visit.open("/positions")
    held = held_back(page, "/acts/ask")
    press(page, "Move stop or target of BTCUSDT")
    page.evaluate("document.querySelector('[data-act]:disabled').setAttribute('aria-label', 'another row')")
    let_go(page, held, 0)
    expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text("Move stop or target of BTCUSDT")


def test_an_act_that_is_confirmed_twice_at_once_is_sent_once(visit: Visit, desk: FakeDesk) -> None:
    page, sent = visit.page, list[str]()
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/acts/do") else None)
    press(page, "Pause")
    page.get_by_role("dialog").get_by_role("button", name="Pause").dblclick(force=True)
    expect(page.locator("#toasts .note.good")).to_contain_text("Paused")
    expect(page.locator("#toasts .note")).to_have_count(1)
    assert len(sent) == 1
    assert [act.kind.value for act in desk.state.acts] == ["pause"]
