"""Positions and orders steered from their pages, end to end: the real trader, checked at the simulator."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from binance_trade_agent.domain.history_rows import TripFilter
from binance_trade_agent.domain.portfolio import Position
from tests.browser.real import Stage, open_orders, running_stage
from tests.browser.visits import PHONE, Visit, chromium, signed_in
from tests.processes import CLI, eventually


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A trader that holds BTC and ETH behind stops and targets; each test acts on one of them."""
    with running_stage(tmp_path_factory.mktemp("trading")) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, stage: Stage) -> Iterator[Visit]:
    with signed_in(browser, stage.url) as visit:
        yield visit
        assert visit.complaints == []


def position(stage: Stage, symbol: str) -> Position:
    with stage.place.desk() as desk:
        return next(row for row in desk.watch.positions() if row.symbol == symbol)


def sales(stage: Stage, symbol: str) -> list[dict[str, str]]:
    orders = stage.place.truth("orders")
    return [o for o in orders if (o["symbol"], o["type"], o["side"]) == (symbol, "MARKET", "SELL")]


def resting(stage: Stage, symbol: str, side: str = "SELL") -> list[dict[str, str]]:
    return [o for o in open_orders(stage.place) if (o["symbol"], o["side"]) == (symbol, side)]


def begin(page: Page, button: str) -> Locator:
    """The dialog that a button opens."""
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def values(row: Locator) -> list[str | None]:
    return [cell.get_attribute("data-value") for cell in row.locator("td").all()]


def test_a_part_is_sold_once_and_the_rest_stays_guarded(visit: Visit, stage: Stage) -> None:
    page, before = visit.page, position(stage, "BTCUSDT").quantity
    visit.open("/positions")
    dialog = begin(page, "Sell a part of BTCUSDT")
    part = dialog.get_by_label("Quantity in BTC").input_value()
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_contain_text(re.compile(rf"Sell {re.escape(part)} BTC at market, about [\d,.]+ USDT\."))
    dialog.get_by_label("Reason").fill("half is enough")
    dialog.get_by_role("button", name="Sell").dblclick(force=True)
    expect(page.locator("#toasts .note.good")).to_be_visible(timeout=60_000)

    (sale,) = sales(stage, "BTCUSDT")
    assert Decimal(sale["executedQty"]) == Decimal(part)
    assert position(stage, "BTCUSDT").quantity == before - Decimal(part)
    eventually(lambda: resting(stage, "BTCUSDT"), within_s=60, what="the rest is guarded")
    row = page.locator("[data-table=positions-open] tbody tr", has_text="BTCUSDT")
    expect(row.locator("td").nth(1)).to_have_attribute(
        "data-value", f"{before - Decimal(part):f}".rstrip("0")
    )
    with stage.place.desk() as desk:
        acts = [act for act in desk.watch.audit() if act.reason == "half is enough"]
    assert [(act.actor, act.outcome) for act in acts] == [("dashboard", "done")]


def test_a_stop_is_moved_at_the_exchange_and_taken_back(visit: Visit, stage: Stage) -> None:
    page = visit.page
    visit.open("/positions")
    average = position(stage, "BTCUSDT").average_price
    assert average is not None
    stop = (average * Decimal("0.85")).quantize(Decimal("1"))
    eventually(lambda: resting(stage, "BTCUSDT"), within_s=60, what="it is guarded")
    dialog = begin(page, "Move stop or target of BTCUSDT")
    expect(dialog.get_by_role("heading")).to_have_text("Move stop or target of BTCUSDT")
    dialog.get_by_label("Stop: sell when the price falls to").fill(str(stop))
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_contain_text("Move the stop from")
    dialog.get_by_role("button", name="Move").dblclick(force=True)
    expect(page.locator("#toasts .note.good")).to_be_visible(timeout=60_000)
    assert stop in {Decimal(order["stopPrice"]) for order in resting(stage, "BTCUSDT")}
    levels = page.locator("[data-table=positions-levels] tbody tr", has_text="dashboard")
    expect(levels.first.locator("td").nth(3)).to_have_attribute("data-value", str(stop))

    dialog = begin(page, "Back to the settings' levels of BTCUSDT")
    expect(dialog).to_contain_text("that dashboard")
    dialog.get_by_role("button", name="Take back").click()
    expect(page.locator("#toasts .note.good")).to_have_count(2, timeout=60_000)
    assert stop not in {Decimal(order["stopPrice"]) for order in resting(stage, "BTCUSDT")}
    expect(levels).to_have_count(0)


def test_closing_sells_once_and_is_a_trade_with_the_databases_numbers(visit: Visit, stage: Stage) -> None:
    page = visit.page
    visit.open("/positions")
    dialog = begin(page, "Close ETHUSDT")
    expect(dialog).to_contain_text(re.compile(r"Sell [\d.]+ ETH at market, about [\d,.]+ USDT\."))
    dialog.get_by_role("button", name="Sell").dblclick(force=True)
    expect(page.locator("#toasts .note.good")).to_be_visible(timeout=60_000)
    (sale,) = sales(stage, "ETHUSDT")
    assert sale["status"] == "FILLED"
    assert resting(stage, "ETHUSDT") == []
    expect(page.get_by_role("button", name="Close ETHUSDT", exact=True)).to_have_count(0)

    with stage.place.desk() as desk:
        (trip,) = desk.history.round_trips(TripFilter(symbol="ETHUSDT")).rows
    visit.open("/trades?symbol=ETHUSDT")
    (row,) = page.locator("[data-table=trades-rows] tbody tr").all()
    shown = values(row)
    numbers = (trip.quantity, trip.entry_price, trip.exit_price, trip.profit, trip.fees)
    assert [Decimal(str(value)) for value in shown[2:7]] == list(numbers)
    assert page.locator("[data-figure=net]").get_attribute("data-value") == f"{trip.profit:f}".rstrip("0")


def test_an_entry_is_cancelled_once_from_the_page_of_orders(visit: Visit, stage: Stage) -> None:
    page = visit.page
    with stage.place.desk() as desk:
        last = desk.watch.last_price("ETHUSDT")
    assert last is not None
    price = str((last * Decimal("0.95")).quantize(Decimal("1")))
    asked = stage.place.run(CLI, "trade", "ETHUSDT", "--side", "BUY", "--limit-price", price, "--yes")
    assert asked.returncode == 0, asked.stdout + asked.stderr
    eventually(lambda: resting(stage, "ETHUSDT", "BUY"), within_s=30, what="the entry rests")

    visit.open("/orders")
    dialog = begin(page, "Cancel the entry of ETHUSDT")
    expect(dialog).to_contain_text("Nothing of it has traded yet")
    dialog.get_by_role("button", name="Cancel order").dblclick(force=True)
    expect(page.locator("#toasts .note.good")).to_contain_text("cancelled", timeout=60_000)
    assert resting(stage, "ETHUSDT", "BUY") == []
    with stage.place.desk() as desk:
        cancelled = [
            row for row in desk.watch.cancels() if row.symbol == "ETHUSDT" and row.replaced_by is None
        ]
        ours = desk.watch.order(cancelled[0].client_order_id)
    assert ours is not None
    assert (ours.status, ours.price) == ("CANCELED", Decimal(price))

    visit.open(f"/orders?id={ours.client_order_id}")
    expect(page.locator(".timeline")).to_contain_text("Cancel done")
    row = page.locator("[data-table=orders-rows] tbody tr", has_text="canceled").first
    assert Decimal(str(values(row)[3])) == ours.quantity
    page.get_by_label("Status").select_option("CANCELED")
    expect(page.locator("[data-table=orders-rows] tbody tr", has_text="filled")).to_have_count(0)
    assert "status=CANCELED" in page.url


def test_the_portfolio_is_the_ledgers_and_the_simulators(browser: Browser, stage: Stage) -> None:
    with signed_in(browser, stage.url, PHONE) as visit:
        visit.open("/portfolio")
        expect(visit.page.locator("[data-figure=differing]")).to_have_attribute("data-value", "0")
        rows = visit.page.locator("[data-table=portfolio-assets] tbody tr").all()
        shown = {cells[0]: Decimal(str(cells[2])) for cells in map(values, rows)}
        with stage.place.desk() as desk:
            assert shown == {name: value for name, value in desk.watch.balances().items() if name in shown}
        assert shown.keys() >= {"USDT", "BTC"}
        assert visit.overflow_px <= 0
        assert visit.complaints == []
