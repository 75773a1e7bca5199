"""The dashboard in a real browser: what a person sees, on a screen and on a phone."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.records import FlowRow, ForeignOrderRow
from tests.browser.dashboards import ServedDashboard, served_dashboard
from tests.fakes import FakeClock, FakeDesk, fake_desk
from tests.resting import with_oco

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
PHONE = {"width": 375, "height": 812}
SCREEN = {"width": 1360, "height": 900}
WAIT_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is not there: install Debian's package chromium"
        if os.environ.get("REQUIRE_ALL_TESTS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """A page with what its browser complained of, and the hosts it asked."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def watch(self) -> None:
        self.page.set_default_timeout(WAIT_MS)
        self.page.on(
            "console",
            lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None,
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda r: self.hosts.add(urlsplit(r.url).hostname or "inline"))


def running_desk() -> FakeDesk:
    return fake_desk(clock=FakeClock(datetime.now(tz=UTC)), interval_s=600)


def sign_in(browser: Browser, dashboard: ServedDashboard, viewport: dict[str, int]) -> Visit:
    context = browser.new_context(viewport=viewport, timezone_id="Asia/Tokyo")
    visit = Visit(context.new_page())
    visit.watch()
    visit.page.goto(dashboard.login_link)
    visit.page.wait_for_url(dashboard.url + "/")
    expect(visit.page.locator("#decisions .empty, #decisions table").first).not_to_have_text(
        "Reading …", timeout=WAIT_MS
    )
    expect(visit.page.locator("#pill")).not_to_have_text("Connecting")
    return visit


def overflow_px(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def shown_times(page: Page) -> list[str]:
    """The ends of the equity chart's time axis."""
    return list(page.evaluate("document.querySelector('#equity-graph .js-plotly-plot').layout.xaxis.range"))


@pytest.mark.parametrize("viewport", [SCREEN, PHONE], ids=["screen", "phone"])
@pytest.mark.parametrize("empty", [False, True], ids=["running", "empty"])
def test_the_page_has_no_errors_no_overflow_and_asks_nobody_else(
    browser: Browser, viewport: dict[str, int], empty: bool
) -> None:
    desk = fake_desk(empty=True) if empty else running_desk()
    with served_dashboard(desk) as dashboard:
        visit = sign_in(browser, dashboard, viewport)
        if not empty:
            expect(visit.page.locator("#equity-graph .scatterlayer .js-line")).to_have_count(2)
        assert overflow_px(visit.page) <= 0
        assert visit.complaints == []
        assert visit.hosts == {"127.0.0.1"}
        visit.page.context.close()


def test_the_page_shows_the_databases_numbers_in_the_viewers_zone(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard:
        page = sign_in(browser, dashboard, SCREEN).page

        assert page.locator(".figure .value").all_inner_texts() == [
            "10,008.89",
            "+8.89",
            "1,004.68",
            "9,004.21",
            "1",
            "240",
            "4",
        ]
        expect(page.locator("#pill")).to_have_text("Cycling")
        expect(page.locator("#clock")).to_contain_text("cycle 240")
        expect(page.locator("#clock")).to_contain_text("next in")
        expect(page.locator("#mode")).to_have_text("Simulated")
        assert page.locator("#decisions tbody tr").count() == len(desk.reads.decision_rows)
        newest = desk.reads.decision_rows[0].decided_at
        time = page.locator("#decisions tbody time").first
        expect(time).to_have_text((newest + timedelta(hours=9)).strftime("%H:%M:%S"))
        expect(time).to_have_attribute("title", newest.strftime("%Y-%m-%d %H:%M:%S UTC"))
        page.context.close()


@pytest.mark.parametrize("viewport", [SCREEN, PHONE], ids=["screen", "phone"])
def test_protection_and_what_others_did_are_shown_and_fit(browser: Browser, viewport: dict[str, int]) -> None:
    desk = with_oco(running_desk())
    with served_dashboard(desk) as dashboard:
        visit = sign_in(browser, dashboard, viewport)
        page = visit.page
        expect(page.locator("#positions tbody tr")).to_contain_text("61,000.00")
        expect(page.locator("#orders .tag.quiet").first).to_have_text("at rest")
        expect(page.locator("#outside")).to_be_hidden()

        now = desk.clock.now()
        desk.reads.flow_rows = (FlowRow("deposit", "USDT", Decimal(250), None, "deposit 771", now),)
        desk.reads.foreign_rows = (
            ForeignOrderRow(
                "BTCUSDT", 24, "web_1", "BUY", "LIMIT", Decimal("60000"), Decimal("0.002"), Decimal(0), now
            ),
        )
        expect(page.get_by_role("heading", name="Moved from outside")).to_be_visible()
        expect(page.get_by_role("heading", name="Orders of others")).to_be_visible()
        assert overflow_px(page) <= 0
        assert not page.evaluate(
            "[...document.querySelectorAll('.table-scroll')].some(e => e.scrollWidth > e.clientWidth)"
        )
        assert visit.complaints == []
        page.context.close()


def test_pausing_asks_first_and_is_sent_once_however_often_it_is_clicked(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard:
        visit = sign_in(browser, dashboard, SCREEN)
        page = visit.page

        page.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#confirm")).to_be_hidden()
        assert desk.state.history == []

        page.get_by_role("button", name="Pause").click()
        page.get_by_label("Reason").fill("news at noon")
        page.get_by_role("button", name="Confirm").dblclick(force=True)

        expect(page.locator("#control")).to_contain_text("by dashboard: news at noon")
        expect(page.locator("#notice")).to_contain_text("Paused")
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        assert [s.state for s in desk.state.history] == [TradingState.PAUSED]
        assert visit.complaints == []
        page.context.close()


def test_the_page_follows_the_database_and_says_when_the_trader_is_late_or_dead(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard:
        page = sign_in(browser, dashboard, SCREEN).page
        stored = desk.reads.stored
        assert stored.last_cycle is not None
        assert stored.equity is not None

        long_ago = stored.last_cycle.scheduled_at - timedelta(seconds=1300)
        desk.reads.stored = replace(stored, last_cycle=replace(stored.last_cycle, scheduled_at=long_ago))
        expect(page.locator("#pill")).to_have_text("Overdue")

        desk.clock.advance(60)
        expect(page.locator("#pill")).to_have_text("Dead")
        expect(page.locator("#clock")).to_contain_text("no sign of life")
        page.context.close()


def test_a_locked_database_is_a_banner_that_goes_away(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard:
        visit = sign_in(browser, dashboard, PHONE)
        desk.reads.broken = "database is locked"
        expect(visit.page.get_by_role("alert")).to_contain_text("database is locked")
        expect(visit.page.locator("#pill")).to_have_text("Unreadable")
        assert overflow_px(visit.page) <= 0

        desk.reads.broken = None
        expect(visit.page.get_by_role("alert")).to_have_count(0)
        assert visit.complaints == []
        visit.page.context.close()


def test_a_session_that_ended_leads_to_the_login(browser: Browser) -> None:
    with served_dashboard(running_desk()) as dashboard:
        page = sign_in(browser, dashboard, SCREEN).page
        page.context.clear_cookies()
        page.wait_for_url(f"{dashboard.url}/login")
        expect(page.get_by_label("Password")).to_be_visible()
        page.context.close()


def test_zoom_outlives_an_update(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard:
        page = sign_in(browser, dashboard, SCREEN).page
        box = page.locator("#equity-graph .nsewdrag").bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        ticks = page.locator("#equity-graph .xaxislayer-above .xtick text")
        whole = ticks.all_text_contents()
        page.mouse.move(box["x"] + box["width"] * 0.4, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
        page.mouse.up()
        expect(page.locator("#equity-graph .zoombox")).to_have_count(0)
        expect(ticks).not_to_have_text(whole)
        zoomed = shown_times(page)

        rows = desk.reads.equity_rows
        desk.reads.equity_rows = (*rows, replace(rows[-1], at=rows[-1].at + timedelta(hours=5)))
        desk.reads.stored = replace(desk.reads.stored, cycles=241)
        expect(page.locator(".figure .value").nth(5)).to_have_text("241")
        expect(page.locator("#equity-graph .scatterlayer .js-line")).to_have_count(2)
        assert shown_times(page) == zoomed
        page.context.close()
