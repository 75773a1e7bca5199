"""What moves on a page while somebody looks at it, on rows that a test changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Route, expect

from binance_trade_agent.domain.history_rows import DayProfit
from binance_trade_agent.domain.records import FlowRow, ForeignOrderRow
from tests.browser.dashboards import served_dashboard
from tests.browser.visits import PHONE, signed_in
from tests.fakes import FakeClock, FakeDesk, fake_desk
from tests.resting import with_oco


def running_desk() -> FakeDesk:
    return fake_desk(clock=FakeClock(datetime.now(tz=UTC)), interval_s=600)


def test_numbers_and_times_are_the_databases_in_the_viewers_zone(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        page = visit.page
        expect(page.locator("#overview-equity .scatterlayer .js-line")).to_have_count(2)
        assert page.locator(".figure .value").all_inner_texts() == [
            "10,008.89",
            "+8.89",
            "1,004.68",
            "9,004.21",
            "1",
            "240",
            "4",
        ]
        expect(page.locator("#bar-clock")).to_contain_text("cycle 240")
        expect(page.locator("#bar-clock")).to_contain_text("next in")
        expect(page.locator("#mode")).to_have_text("Simulated")
        ends = page.evaluate("document.querySelector('#overview-equity .js-plotly-plot').data[0].x.at(-1)")
        newest_equity = desk.reads.equity_rows[-1].at + timedelta(hours=9)
        assert ends[:16].replace("T", " ") == newest_equity.strftime("%Y-%m-%d %H:%M")
        assert page.locator("#overview-decisions tbody tr").count() == len(desk.reads.decision_rows)
        newest = desk.reads.decision_rows[0].decided_at
        time = page.locator("#overview-decisions tbody time").first
        # with its day if that is over by now, else with its seconds
        expect(time).to_contain_text((newest + timedelta(hours=9)).strftime("%H:%M"))
        expect(time).to_have_attribute("title", newest.strftime("%Y-%m-%d %H:%M:%S UTC"))


def test_protection_and_what_others_did_are_shown_and_fit(browser: Browser) -> None:
    desk = with_oco(running_desk())
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        page = visit.page
        expect(page.locator("#overview-positions tbody tr")).to_contain_text("61,000.00")
        expect(page.locator("#overview-orders .tag.quiet").first).to_have_text("at rest")
        expect(page.locator("#overview-outside")).to_be_hidden()

        now = desk.clock.now()
        desk.reads.flow_rows = (FlowRow("deposit", "USDT", Decimal(250), None, "deposit 771", now),)
        desk.reads.foreign_rows = (
            ForeignOrderRow(
                "BTCUSDT", 24, "web_1", "BUY", "LIMIT", Decimal("60000"), Decimal("0.002"), Decimal(0), now
            ),
        )
        desk.reads.stored = replace(desk.reads.stored, decisions=482)
        expect(page.get_by_role("heading", name="Moved from outside")).to_be_visible()
        expect(page.get_by_role("heading", name="Orders of others")).to_be_visible()
        assert visit.faults("on a screen") == []
        visit.become(PHONE, dark=False)
        assert visit.faults("on a phone") == []
        assert visit.complaints == []


def test_a_page_with_nothing_new_asks_for_nothing_but_the_pulse(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        expect(visit.page.locator("#overview-equity .scatterlayer .js-line")).to_have_count(2)
        visit.callbacks.clear()
        for _ in range(3):
            with visit.page.expect_response(lambda answer: "/live?" in answer.url) as answer:
                visit.pulse()
            assert answer.value.status == 204
        assert visit.callbacks == []


def test_what_the_bar_and_the_page_both_tell_is_one_reading(browser: Browser) -> None:
    desk, held = running_desk(), list[Route]()
    equity = desk.reads.stored.equity
    assert equity is not None
    today = desk.clock.now().date()
    desk.history_reads.days = (DayProfit(today, Decimal("8.8918"), equity.total),)
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        page = visit.page
        of_the_day = page.locator(f"[data-day='{today}'] .value")
        expect(of_the_day).to_have_text("+8.89")
        # the page is slow: the bar is a cycle ahead
        page.route("**/_dash-update-component*", lambda route: held.append(route))
        desk.reads.stored = replace(desk.reads.stored, equity=replace(equity, total=equity.total - 20))
        expect(page.locator("#bar-today")).to_contain_text("−11.11")
        expect(of_the_day).to_have_text("−11.11")
        expect(page.locator("#page [data-figure=profit]")).to_have_text("−11.11USDT")
        expect(page.locator("#page [data-figure=profit] + .figure-note")).to_have_text("−0.11 %")
        expect(page.locator("#page [data-figure=equity]")).to_have_text("9,988.89USDT")
        # what comes then was read before the bar's: the day's row in it is an old one
        page.unroute("**/_dash-update-component*")
        expect(page.locator("#page [data-figure=cycles]")).to_have_text("240")
        expect(of_the_day).to_have_text("−11.11")
        assert visit.complaints == []


def test_only_what_depends_on_what_moved_is_asked_for(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        page, asked = visit.page, list[str]()
        expect(page.locator("#overview-equity .scatterlayer .js-line")).to_have_count(2)
        page.on(
            "request",
            lambda request: (
                asked.append(request.post_data_json["output"])
                if "/_dash-update-component" in request.url
                else None
            ),
        )
        desk.reads.stored = replace(desk.reads.stored, decisions=482)
        expect(page.locator("#overview-figures")).to_contain_text("482 decisions")
        assert "overview-decisions.children" in asked
        of_others = {"overview-fills.children", "overview-orders.children", "overview-steering.children"}
        assert of_others.isdisjoint(asked)


def test_what_is_slow_is_not_asked_for_again_before_it_came(browser: Browser) -> None:
    desk, held = running_desk(), list[Route]()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        page = visit.page
        expect(page.locator("#overview-equity .scatterlayer .js-line")).to_have_count(2)
        page.route("**/_dash-update-component*", lambda route: held.append(route))
        for decisions in (482, 484, 486):
            desk.reads.stored = replace(desk.reads.stored, decisions=decisions)
            with page.expect_response(lambda answer: "/live?" in answer.url and answer.status == 200):
                visit.pulse()
        with page.expect_response(lambda answer: "/live?" in answer.url):
            visit.pulse()
        outputs = [route.request.post_data_json["output"] for route in held]
        assert outputs
        assert len(outputs) == len(set(outputs))
        page.unroute("**/_dash-update-component*")  # lets them go on
        expect(page.locator("#overview-figures")).to_contain_text("486 decisions")
        assert visit.complaints == []


def test_the_order_and_the_filter_of_a_table_outlive_an_update(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        page = visit.page
        symbols = page.locator("#overview-fills tbody td:nth-child(2)")
        before = symbols.all_inner_texts()
        heading = page.locator("#overview-fills th", has_text="Symbol")
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", "ascending")
        assert symbols.all_inner_texts() == sorted(before)

        desk.reads.fill_rows = (
            replace(desk.reads.fill_rows[0], trade_id=999, symbol="AAVEUSDT"),
            *desk.reads.fill_rows,
        )
        expect(symbols).to_have_text(["AAVEUSDT", *sorted(before)])
        heading.get_by_role("button").click()
        expect(symbols).to_have_text(sorted(["AAVEUSDT", *before], reverse=True))
        heading.get_by_role("button").click()
        expect(symbols).to_have_text(["AAVEUSDT", *before])
        assert visit.complaints == []


def test_a_locked_database_is_said_and_goes_away(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url, PHONE) as visit:
        desk.reads.broken = "database is locked"
        expect(visit.page.locator("#bar-health")).to_have_text("Unreadable")
        expect(visit.page.locator("#bar-clock")).to_contain_text("database is locked")
        assert visit.overflow_px <= 0

        desk.reads.broken = None
        expect(visit.page.locator("#bar-health")).to_have_text("Cycling")
        assert visit.complaints == []


@pytest.mark.parametrize(("late_s", "word"), [(540, "Cycling"), (601, "Overdue")])
def test_a_cycle_is_overdue_an_interval_after_it_was_due(browser: Browser, late_s: int, word: str) -> None:
    """Two intervals after the last one, without any word from the server."""
    now = datetime.now(tz=UTC)
    due = fake_desk(clock=FakeClock(now), interval_s=600).watch.status().next_cycle_due
    assert due is not None
    desk = fake_desk(clock=FakeClock(now - (due - now) - timedelta(seconds=late_s)), interval_s=600)
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url, path="/logs") as visit:
        expect(visit.page.locator("#bar-health")).to_have_text(word)
        body = expect(visit.page.locator("body"))
        body.to_have_class("stale") if word == "Overdue" else body.not_to_have_class("stale")
        assert visit.complaints == []


def test_a_session_that_ended_leads_to_the_login(browser: Browser) -> None:
    with served_dashboard(running_desk()) as dashboard, signed_in(browser, dashboard.url) as visit:
        visit.page.context.clear_cookies()
        visit.page.wait_for_url(f"{dashboard.url}/login")
        expect(visit.page.get_by_label("Password")).to_be_visible()


def test_a_server_that_is_gone_is_said_without_it(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard:
        signing = signed_in(browser, dashboard.url)
        visit = signing.__enter__()
    expect(visit.page.locator("#bar-health")).to_have_text("No answer")
    expect(visit.page.locator("body")).to_have_class("stale")
    signing.__exit__(None, None, None)


def test_the_chosen_theme_and_the_drawer_of_a_phone(browser: Browser) -> None:
    with served_dashboard(running_desk()) as dashboard, signed_in(browser, dashboard.url, PHONE) as visit:
        page = visit.page
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="Menu", exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Overview")).to_be_visible()
        for word in ("light", "dark"):
            page.locator("#theme").click()
            expect(page.locator("#theme")).to_have_text(f"Theme: {word}")
        for _ in range(2 * page.locator("#side a, #side button").count()):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body || !document.activeElement.closest('.body')"
            )
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="Overview")).to_be_hidden()
        expect(page.get_by_role("button", name="Menu", exact=True)).to_be_focused()
        page.reload()
        visit.settle()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
        assert visit.complaints == []


def test_zoom_outlives_ten_updates(browser: Browser) -> None:
    desk = running_desk()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        page = visit.page
        expect(page.locator("#overview-equity .scatterlayer .js-line")).to_have_count(2)
        chart = visit.chart("overview-equity")
        zoomed = chart.zoom()
        for number in range(1, 11):
            rows = desk.reads.equity_rows
            desk.reads.equity_rows = (*rows, replace(rows[-1], at=rows[-1].at + timedelta(minutes=30)))
            desk.reads.stored = replace(desk.reads.stored, cycles=240 + number, decisions=480 + 2 * number)
            visit.hurry(
                "count => document.querySelector('[data-figure=cycles]').dataset.value === String(count)",
                240 + number,
            )
        assert chart.times == zoomed


def test_a_chart_whose_page_was_left_is_let_go(browser: Browser) -> None:
    """Dash finds "undefined" where the chart was, if the answer comes in the moment in which pages change."""
    desk = running_desk()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url) as visit:
        page = visit.page
        expect(page.locator("#overview-equity .scatterlayer .js-line")).to_have_count(2)
        desk.reads.stored = replace(desk.reads.stored, decisions=482)
        with page.expect_request(lambda request: "overview-equity.figure" in str(request.post_data)) as asked:
            visit.pulse()
        again = """async ({url, headers, body}) =>
            Object.keys((await (await fetch(url, {method: "POST", headers, body})).json()).response)"""
        request = asked.value
        question = {"url": request.url, "headers": request.headers, "body": request.post_data}
        assert page.evaluate(again, question) == ["overview-equity"]
        visit.go("/settings")
        assert page.evaluate(again, question) == []
        visit.go("/")
        expect(page.locator("#overview-equity .scatterlayer .js-line")).to_have_count(2)
        assert visit.complaints == []
