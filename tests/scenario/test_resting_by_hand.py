"""An entry that a person lets rest at a price, of the real trader on the real simulator: every way in which it ends."""

import asyncio
import json
import signal
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from tests.books import check_books
from tests.processes import Installation, eventually, installation, running, simulator

SYMBOL = "BTCUSDT"
#: The strategy trades another symbol: what happens to this one was asked for.
TRADED = {"TRADING_SYMBOLS": "ETHUSDT"}
SETTINGS = {
    "TRADING_SYMBOLS": f"{SYMBOL},ETHUSDT",
    "STRATEGY_NAME": "buy_and_hold",
    "STOP_LOSS_SHARE": "0.2",
    "TAKE_PROFIT_SHARE": "0.2",
}
QUANTITY = Decimal("0.01")
PART = Decimal("0.004")
ASKING = """
import asyncio, os, sys
from decimal import Decimal
from pathlib import Path
from binance_trade_agent.bootstrap.desk import open_desk
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.settings import load_settings
desk = open_desk(load_settings(dict(os.environ), Path.cwd()))
asked = desk.steering.trade("BTCUSDT", Decimal("0.01"), Side.BUY, actor="ann", channel="cli", idempotency_key="k",
                            limit_price=Decimal(sys.argv[1]))
asyncio.run(asked)
"""


def trade(place: Installation, price: Decimal, **arguments: Any) -> CommandResult:
    with place.desk() as desk:
        asked = desk.steering.trade(
            SYMBOL, QUANTITY, Side.BUY, actor="ann", channel="cli", limit_price=price, **arguments
        )
        return asyncio.run(asked)


def cancel(place: Installation, client_order_id: str) -> CommandResult:
    with place.desk() as desk:
        return asyncio.run(desk.steering.cancel(client_order_id, actor="ann", channel="cli"))


def market_trades(place: Installation, price: Decimal, quantity: Decimal) -> None:
    """Somebody sells a tick below `price`: what rests there buys."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{place.environment['SIMULATOR_PORT']}/control/trade",
        method="POST",
        data=json.dumps(
            {"symbol": SYMBOL, "price": str(price - Decimal("0.01")), "quantity": str(quantity)}
        ).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - our own simulator


def price_below(place: Installation) -> Decimal:
    """A price that the market does not come down to by itself in the time of a test."""
    with place.desk() as desk:
        eventually(lambda: desk.watch.last_price("ETHUSDT"), within_s=120, what="a first cycle")
    port = place.environment["SIMULATOR_PORT"]
    url = f"http://127.0.0.1:{port}/api/v3/ticker/bookTicker?symbol={SYMBOL}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        bid = Decimal(json.load(answer)["bidPrice"])
    return (bid * Decimal("0.96")).quantize(Decimal("0.01"))


def entries(place: Installation) -> list[dict[str, Any]]:
    return [o for o in place.truth("orders") if o["symbol"] == SYMBOL and o["side"] == "BUY"]


def only_entry(place: Installation) -> dict[str, Any]:
    (entry,) = entries(place)
    return entry


def guarded(place: Installation) -> Decimal:
    """What stops that rest would sell."""
    return sum(
        (
            Decimal(order["origQty"])
            for order in place.truth("orders")
            if order["symbol"] == SYMBOL and order["status"] == "NEW" and order["type"] == "STOP_LOSS"
        ),
        Decimal(0),
    )


def ended(place: Installation) -> bool:
    return only_entry(place)["status"] == "CANCELED"


def books_agree(place: Installation) -> None:
    with place.desk() as desk:
        check_books(place, desk.watch)


def test_what_it_buys_in_parts_is_guarded_until_its_time_is_over(tmp_path: Path) -> None:
    # so long between two cycles that nothing but the stream and the clock can be what the trader acts on
    place = installation(tmp_path, SETTINGS | {"TRADING_INTERVAL_SECONDS": "600"})
    with simulator(place), running(place.trader(**TRADED)):
        price = price_below(place)
        result = trade(place, price, time_limit_s=8, idempotency_key="k")
        assert result.status is CommandStatus.DONE, result.text
        assert (only_entry(place)["status"], guarded(place)) == ("NEW", 0)
        market_trades(place, price, PART)
        eventually(lambda: 0 < guarded(place) <= PART, within_s=120, what="a stop for the part")
        assert trade(place, price, time_limit_s=8, idempotency_key="k").repeated
        eventually(lambda: ended(place), within_s=120, what="its end")
        assert Decimal(only_entry(place)["executedQty"]) == PART
        assert 0 < guarded(place) <= PART
        books_agree(place)


@pytest.mark.parametrize("how", ["pause", "halt", "reduce_only", "cancel", "stop"])
def test_it_is_taken_back_and_what_it_bought_stays_guarded(tmp_path: Path, how: str) -> None:
    place = installation(tmp_path, SETTINGS)
    with simulator(place):
        with running(place.trader(**TRADED)) as trader:
            price = price_below(place)
            result = trade(place, price)
            assert result.status is CommandStatus.DONE, result.text
            market_trades(place, price, PART)
            eventually(lambda: guarded(place), within_s=120, what="a stop for the part")
            with place.desk() as desk:
                if how in {"pause", "halt"}:
                    getattr(desk.steering, how)("enough", actor="ann", channel="cli")
                elif how == "reduce_only":
                    desk.steering.reduce_only([SYMBOL], "enough", on=True, actor="ann", channel="cli")
            if how == "cancel":
                assert cancel(place, result.details["client_order_id"]).status is CommandStatus.DONE
            if how == "stop":
                trader.send_signal(signal.SIGTERM)
                trader.wait(60)
            eventually(lambda: ended(place), within_s=120, what="its end")
            assert Decimal(only_entry(place)["executedQty"]) == PART
            assert 0 < guarded(place) <= PART
        books_agree(place)


@pytest.mark.parametrize("bought", [PART, QUANTITY])
def test_what_it_bought_while_its_trader_was_dead_is_guarded_by_the_next(
    tmp_path: Path, bought: Decimal
) -> None:
    place = installation(tmp_path, SETTINGS)
    with simulator(place):
        with running(place.trader(**TRADED)) as trader:
            price = price_below(place)
            assert trade(place, price, time_limit_s=600, idempotency_key="k").status is CommandStatus.DONE
            trader.kill()
            trader.wait(60)
        market_trades(place, price, bought)
        assert guarded(place) == 0
        with running(place.trader(**TRADED)):
            eventually(lambda: bought * 9 / 10 < guarded(place) <= bought, within_s=120, what="a stop")
            assert trade(place, price, time_limit_s=600, idempotency_key="k").repeated
            assert only_entry(place)["status"] == ("FILLED" if bought == QUANTITY else "PARTIALLY_FILLED")
        assert only_entry(place)["status"] == ("FILLED" if bought == QUANTITY else "CANCELED")
        books_agree(place)


@pytest.mark.parametrize("killed_at", ["intent-committed:2", "reply-arrived:2", "outcome-committed:2"])
def test_a_kill_while_it_is_sent_makes_one_order_or_none(tmp_path: Path, killed_at: str) -> None:
    place = installation(tmp_path, SETTINGS)
    with simulator(place):
        # the first order is the strategy's
        with running(place.trader(**TRADED, TRADE_AGENT_CRASH_POINT=killed_at)) as trader:
            price = price_below(place)
            # asked in a process of its own, which launches others once the trader is gone
            with running(place.start(sys.executable, "-c", ASKING, str(price))):
                assert trader.wait(60) == -9
        sent = killed_at != "intent-committed:2"
        assert len(entries(place)) == sent
        with running(place.trader(**TRADED)):
            with place.desk() as desk:
                eventually(
                    lambda: [row for row in desk.watch.audit() if row.outcome == "failed"],
                    within_s=120,
                    what="word of what was interrupted",
                )
            again = trade(place, price, idempotency_key="k")
            assert (again.repeated, again.status) == (True, CommandStatus.FAILED)
            assert len(entries(place)) == sent
        # what is not found is looked up until it cannot arrive any more; what is found is taken back
        assert all(entry["status"] == "CANCELED" for entry in entries(place))
        books_agree(place)
