"""Positions and orders steered from their pages, end to end: the real trader, checked at the simulator."""

import re
from decimal import Decimal

from playwright.sync_api import Locator, Page, expect

from binance_trade_agent.domain.history_rows import TripFilter
from binance_trade_agent.domain.portfolio import Position
from tests.browser.real import Stage, command, open_orders
from tests.browser.visits import Visit
from tests.processes import CLI, eventually


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
    eventually(lambda: resting(stage, "BTCUSDT"), within_s=120, what="the rest is guarded")
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
    eventually(lambda: resting(stage, "BTCUSDT"), within_s=120, what="it is guarded")
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


def test_paused_it_sells_but_buys_nothing_until_it_is_resumed(visit: Visit, stage: Stage) -> None:
    page = visit.page
    visit.open("/")
    begin(page, "Pause").get_by_role("button", name="Cancel").click()
    dialog = begin(page, "Pause")
    dialog.get_by_label("Reason").fill("news at noon")
    dialog.get_by_role("button", name="Pause").dblclick(force=True)
    expect(page.locator("#bar-why")).to_have_text("by dashboard: news at noon")

    closing_sells_once_and_is_a_trade(visit, stage)
    refused = stage.place.run(CLI, "trade", "ETHUSDT", "--side", "BUY", "--yes")
    assert refused.returncode != 0
    assert "paused" in (refused.stdout + refused.stderr).lower()
    bought = [o for o in stage.place.truth("orders") if (o["symbol"], o["side"]) == ("ETHUSDT", "BUY")]
    assert len(bought) == 1, "the one before the pause"

    visit.open("/")
    dialog = begin(page, "Resume")
    dialog.get_by_label("Reason").fill("it was nothing")
    dialog.get_by_role("button", name="Resume").dblclick(force=True)
    expect(page.locator("#bar-control")).to_have_text("Trading")
    with stage.place.desk() as desk:
        acts = [
            (row.action, row.outcome)
            for row in desk.watch.audit()
            if row.reason in ("news at noon", "it was nothing")
        ]
    assert acts == [("resume", "done"), ("pause", "done")]


def closing_sells_once_and_is_a_trade(visit: Visit, stage: Stage) -> None:
    """With the numbers of the database."""
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
    numbers = (trip.sold, trip.entry_price, trip.exit_price, trip.profit, trip.fees)
    assert [Decimal(str(value)) for value in shown[2:7]] == list(numbers)
    assert page.locator("[data-figure=net]").get_attribute("data-value") == f"{trip.profit:f}".rstrip("0")


def test_an_entry_is_cancelled_once_from_the_page_of_orders(visit: Visit, stage: Stage) -> None:
    page = visit.page
    if resting(stage, "ETHUSDT"):
        command(stage.place, "trade", "ETHUSDT", "--side", "SELL", "--yes")
    with stage.place.desk() as desk:
        last = desk.watch.last_price("ETHUSDT")
    assert last is not None
    price = str((last * Decimal("0.95")).quantize(Decimal("1")))
    command(stage.place, "trade", "ETHUSDT", "--side", "BUY", "--limit-price", price, "--yes")
    eventually(lambda: resting(stage, "ETHUSDT", "BUY"), within_s=120, what="the entry rests")

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


def test_the_portfolio_is_the_ledgers_and_the_simulators(visit: Visit, stage: Stage) -> None:
    visit.open("/portfolio")
    expect(visit.page.locator("[data-figure=differing]")).to_have_attribute("data-value", "0")

    def shown() -> dict[str | None, Decimal]:
        rows = visit.page.locator("[data-table=portfolio-assets] tbody tr").all()
        return {cells[0]: Decimal(str(cells[2])) for cells in map(values, rows)}

    def agree() -> bool:
        (account,) = stage.place.truth("state")["accounts"]
        held = {
            each["asset"]: Decimal(each["free"]) + Decimal(each["locked"]) for each in account["balances"]
        }
        return all(held[str(name)] == amount for name, amount in shown().items())

    assert shown().keys() >= {"USDT", "BTC"}
    # the trader may buy between one look and the other
    eventually(agree, within_s=60, what="the page shows what the simulator holds")


def test_zoom_outlives_ten_updates_of_the_running_trader(visit: Visit) -> None:
    market = visit.beside()
    visit.open("/")
    market.open("/market")
    charts = visit.chart("overview-equity"), market.chart("market-chart")
    zoomed = [chart.zoom() for chart in charts]
    for chart in charts:
        chart.count_updates()
    for each in (visit, market):
        each.hurry("() => window.updates >= 10")
    assert [chart.times for chart in charts] == zoomed
    assert market.complaints == []
    market.page.close()


def test_flattening_sells_everything_once_and_halts(visit: Visit, stage: Stage) -> None:
    page = visit.page
    visit.open("/risk")
    held = {o["symbol"] for o in open_orders(stage.place) if o["side"] == "SELL"}
    assert "BTCUSDT" in held
    before = {symbol: len(sales(stage, symbol)) for symbol in ("BTCUSDT", "ETHUSDT")}
    dialog = begin(page, "Flatten")
    send = dialog.get_by_role("button", name="Flatten")
    expect(dialog).to_contain_text("BTC, about")
    expect(send).to_be_disabled()
    dialog.get_by_label("Type FLATTEN to confirm").fill("flatten")
    dialog.get_by_label("Reason").fill("going home")
    send.dblclick(force=True)
    expect(page.locator("#bar-control")).to_have_text("Halted", timeout=90_000)
    eventually(lambda: open_orders(stage.place) == [], within_s=120, what="nothing rests any more")
    sold = {symbol for symbol, count in before.items() if len(sales(stage, symbol)) == count + 1}
    assert sold == held
    expect(page.locator("#toasts .working")).to_have_count(0, timeout=60_000)
    with stage.place.desk() as desk:
        assert [(row.action, row.outcome) for row in desk.watch.audit() if row.reason == "going home"] == [
            ("flatten", "done")
        ]
