"""Every page in every state, in a real browser against the real programs: a page joins by being in the registry.

Each page is loaded once in each state; what it shows, its width on both screens, what the browser said of it
and what axe finds are all judged on that one visit, and told together.
"""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from binance_trade_agent.interfaces.dashboard.registry import all_pages
from tests.browser.axe import AXE, require_axe, serious_violations
from tests.browser.derived_truths import DERIVED
from tests.browser.real import Demo, Stage, State, empty_stage
from tests.browser.truths import TRUTHS, Truth, differences, read_book
from tests.browser.visits import PHONE, SCREEN, Visit, signed_in
from tests.processes import eventually

PATHS = [page.path for page in all_pages()]
WORDS = {
    State.EMPTY: re.compile("Never started"),
    State.RUNNING: re.compile("Cycling"),
    # one that was killed within a cycle may be at work for a while yet
    State.DEAD: re.compile("Overdue|Dead|Not cycling"),
    State.HALTED: re.compile("Cycling"),
}
AGREE_S = 40


@pytest.fixture(scope="module", params=list(State))
def state(request: pytest.FixtureRequest) -> State:
    found: State = request.param
    return found


@pytest.fixture(scope="module")
def stage(
    state: State, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """The programs in that state."""
    if state is State.EMPTY:
        with empty_stage(tmp_path_factory.mktemp("empty")) as stage:
            yield stage
        return
    demo: Demo = request.getfixturevalue("demo")
    demo.become(state)
    yield demo


@pytest.fixture(scope="module")
def visit(browser: Browser, stage: Stage) -> Iterator[Visit]:
    with signed_in(browser, stage.url) as visit:
        yield visit


def test_the_death_of_the_trader_is_said_on_every_page_without_a_reload(browser: Browser, demo: Demo) -> None:
    demo.become(State.RUNNING)
    with signed_in(browser, demo.url) as visit:
        bar = visit.page.locator("#bar-health")
        expect(bar).to_have_text("Cycling", timeout=60_000)
        visit.page.evaluate("window.isTheSame = true")
        demo.become(State.DEAD)
        # how soon it is said: test_a_cycle_is_overdue_an_interval_after_it_was_due
        expect(bar).to_have_text("Overdue")
        for path in PATHS:
            visit.go(path)
            expect(bar).to_have_text(WORDS[State.DEAD])
            expect(visit.page.locator("body")).to_have_class("stale")
        assert visit.page.evaluate("window.isTheSame"), "nothing was loaded again"
        assert visit.complaints == []


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_right_in_every_state(visit: Visit, stage: Stage, state: State, path: str) -> None:
    visit.complaints.clear()
    visit.become(SCREEN, dark=False)
    visit.go(path)
    bar = visit.page.locator("#bar-health")
    expect(bar).to_have_text(WORDS[state], timeout=100_000)
    expect(visit.page.locator("#bar-control")).to_have_text("Halted" if state is State.HALTED else "Trading")
    found = [*not_the_databases(visit, stage, path), *visit.faults("on a screen")]
    # the bar alone differs from the running demo
    looked_at = AXE.exists() and (path == "/" or state is not State.DEAD)
    if looked_at:
        found += serious_violations(visit.page)
    visit.become(PHONE, dark=True)
    found += visit.faults("on a phone")
    if looked_at:
        found += serious_violations(visit.page)
    assert found + visit.complaints == []
    assert visit.hosts == {"127.0.0.1"}
    body = expect(visit.page.locator("body"))
    if state in (State.DEAD, State.EMPTY):
        body.to_have_class("stale")
    else:
        body.not_to_have_class("stale", timeout=100_000)


def not_the_databases(visit: Visit, stage: Stage, path: str) -> list[str]:
    """What the page shows otherwise than the database; while a trader runs, once the page has caught up."""
    end = time.monotonic() + AGREE_S
    while True:
        with read_book(stage.database) as book:
            truths = [truth[path](book) for truth in (TRUTHS, DERIVED) if path in truth]
            found = differences(visit.page, book, *truths)
        if not found or time.monotonic() > end:
            return found
        # asked for at once, not only every two seconds
        visit.page.evaluate(
            "window.tradeAgentLive.poll().then(() => new Promise(done => setTimeout(done, 50)))"
        )


def test_every_page_has_its_truth() -> None:
    assert sorted(TRUTHS) == sorted(PATHS)


@pytest.mark.parametrize("state", [State.DEAD], indirect=True)
def test_a_trader_that_is_dead_for_long_is_called_so(visit: Visit) -> None:
    expect(visit.page.locator("#bar-health")).to_have_text(re.compile("Dead|Not cycling"), timeout=60_000)


@pytest.mark.parametrize("state", [State.RUNNING], indirect=True)
def test_what_the_demo_shows_is_not_nothing(stage: Stage) -> None:
    def truths() -> dict[str, Truth]:
        with read_book(stage.database) as book:
            return {path: truth(book) for path, truth in TRUTHS.items()}

    def empty() -> set[str]:
        tables = (
            (path, name, rows) for path, truth in truths().items() for name, rows in truth.tables.items()
        )
        return {f"{path} {name}" for path, name, rows in tables if not rows}

    # the weight is noted in time, not with each request; dust is compared in test_truths
    none = {"/settings settings-overrides", "/positions positions-dust", "/portfolio portfolio-dust"}
    eventually(lambda: empty() == none, within_s=120, what="something in every table")
    assert truths()["/trades"].figures["trips"] == 1


def test_axe_is_there_to_look_at_the_pages() -> None:
    require_axe()
