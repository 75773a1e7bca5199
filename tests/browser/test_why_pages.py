"""Why it traded or not, in a browser: filters in the address, zoom that stays, and no chart code where no chart is."""

from dataclasses import replace
from datetime import UTC, datetime

from playwright.sync_api import Browser, expect

from binance_trade_agent.domain.market import SeenIndicators
from tests.browser.dashboards import served_dashboard
from tests.browser.visits import signed_in
from tests.fake_market import MINUTE, minutes
from tests.fakes import FakeClock, FakeDesk, fake_desk


def desk_with_candles() -> FakeDesk:
    desk = fake_desk(clock=FakeClock(datetime.now(tz=UTC)), interval_s=600)
    candles = minutes([62_000 + 10 * (n % 7) for n in range(90)], until=desk.clock.now())
    desk.market_reads.candle_rows["BTCUSDT"] = candles
    desk.market_reads.indicator_rows["BTCUSDT"] = tuple(
        SeenIndicators(candle.close_time, "rsi_level", {"ema": float(candle.close), "rsi": 50.0 + n % 9})
        for n, candle in enumerate(candles)
    )
    return desk


def test_the_zoom_of_the_market_outlives_ten_updates_and_follows_the_symbol(browser: Browser) -> None:
    desk = desk_with_candles()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url, path="/market") as visit:
        page = visit.page
        expect(page.locator("#market-chart .boxlayer path.box")).to_have_count(90)
        chart = visit.chart("market-chart")
        zoomed = chart.zoom()
        for number in range(1, 11):
            rows = desk.market_reads.candle_rows["BTCUSDT"]
            newest = replace(
                rows[-1], open_time=rows[-1].open_time + MINUTE, close_time=rows[-1].close_time + MINUTE
            )
            desk.market_reads.candle_rows["BTCUSDT"] = (*rows, newest)
            desk.reads.stored = replace(desk.reads.stored, decisions=480 + 2 * number)
            visit.hurry(
                "count => document.querySelector('#market-chart .js-plotly-plot').data[0].x.length === count",
                90 + number,
            )
        assert chart.times == zoomed

        page.get_by_label("Interval", exact=True).select_option("5m")
        chart.await_other_times(zoomed)
        assert page.url.endswith("/market?interval=5m")
        assert visit.complaints == []


def test_filters_stand_in_the_address_and_back_undoes_them(browser: Browser) -> None:
    desk = desk_with_candles()
    with served_dashboard(desk) as dashboard, signed_in(browser, dashboard.url, path="/decisions") as visit:
        page = visit.page
        rows = page.locator("[data-table=decisions-rows] tbody tr")
        expect(rows).to_have_count(len(desk.reads.decision_rows))
        page.get_by_label("Outcome", exact=True).select_option("refused")
        expect(rows).to_have_count(1)
        page.get_by_role("link", name="Why").click()
        expect(page.locator("[data-table=decisions-gates] tbody tr")).to_have_count(1)
        page.reload()
        visit.settle()
        expect(page.get_by_label("Outcome", exact=True)).to_have_value("refused")
        expect(page.locator("[data-table=decisions-gates] tbody tr")).to_have_count(1)
        page.get_by_role("link", name="Close").click()
        expect(page.locator("[data-table=decisions-gates]")).to_have_count(0)
        page.get_by_label("Outcome", exact=True).select_option("")
        expect(rows).to_have_count(len(desk.reads.decision_rows))
        page.go_back()
        expect(rows).to_have_count(1)
        expect(page.get_by_label("Outcome", exact=True)).to_have_value("refused")
        assert visit.complaints == []


def test_a_page_without_a_chart_loads_no_chart_code(browser: Browser) -> None:
    with (
        served_dashboard(desk_with_candles()) as dashboard,
        signed_in(browser, dashboard.url, path="/decisions") as visit,
    ):
        asked: list[str] = []
        visit.page.on("request", lambda request: asked.append(request.url))
        for path in ("/decisions", "/strategies"):
            visit.open(path)
            visit.page.wait_for_load_state("networkidle")
        assert len(asked) > 20, "the scripts of both pages"
        assert [url for url in asked if "plotly" in url or "async-graph" in url] == []
