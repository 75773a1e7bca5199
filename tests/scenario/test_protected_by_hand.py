"""People move the stop and the target of a position of the real trader, on the real simulator."""

import asyncio
import json
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from tests.books import check_books
from tests.processes import Installation, eventually, installation, running, simulator

SYMBOL = "BTCUSDT"
SETTINGS = {
    "TRADING_SYMBOLS": SYMBOL,
    "STRATEGY_NAME": "buy_and_hold",
    "STOP_LOSS_SHARE": "0.2",
    "TAKE_PROFIT_SHARE": "0.2",
}
ASKING = """
import asyncio, os, sys
from decimal import Decimal
from pathlib import Path
from binance_trade_agent.bootstrap.desk import open_desk
from binance_trade_agent.settings import load_settings
desk = open_desk(load_settings(dict(os.environ), Path.cwd()))
asyncio.run(desk.steering.protect("BTCUSDT", stop_price=Decimal(sys.argv[1]), actor="ann", channel="cli"))
"""
REPLACE = {"method": "POST", "path": "/api/v3/order/cancelReplace"}


def resting(place: Installation) -> dict[str, Decimal]:
    """Type -> trigger or price of what is open at the exchange."""
    found = [order for order in place.truth("orders") if order["status"] in ("NEW", "PARTIALLY_FILLED")]
    assert len({order["type"] for order in found}) == len(found), found
    return {order["type"]: Decimal(order["stopPrice"]) or Decimal(order["price"]) for order in found}


def control(place: Installation, method: str, path: str, body: object = None) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{place.environment['SIMULATOR_PORT']}/control/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - our own simulator


def protect(place: Installation, **arguments: Any) -> CommandResult:
    with place.desk() as desk:
        asked = desk.steering.protect(SYMBOL, actor="ann", channel="cli", timeout_s=60, **arguments)
        return asyncio.run(asked)


def price(place: Installation, share: str) -> Decimal:
    """A share of the last price, off the tick on purpose no more than the exchange allows."""
    with place.desk() as desk:
        last = desk.watch.last_price(SYMBOL)
    assert last is not None
    return (last * Decimal(share)).quantize(Decimal("0.01"))


def guarded(place: Installation) -> None:
    eventually(lambda: len(resting(place)) == 2, within_s=120, what="a position with its OCO")
    with place.desk() as desk:
        eventually(lambda: desk.watch.protection()[0].guards, within_s=120, what="its rows")


def test_a_stop_and_a_target_are_moved_refused_halted_and_taken_back(tmp_path: Path) -> None:
    place = installation(tmp_path, SETTINGS)
    with simulator(place):
        with running(place.trader()):
            guarded(place)
            before = resting(place)
            stop = price(place, "0.9")
            moved = protect(place, stop_price=stop, idempotency_key="k")
            assert moved.status is CommandStatus.DONE, moved.text
            assert resting(place) == {"STOP_LOSS": stop}
            assert protect(place, stop_price=stop, idempotency_key="k").repeated
            target = price(place, "1.1")
            moved = protect(place, target_price=target)
            assert f"target {to_wire(target)} is watched in each cycle; the target" in moved.text, moved.text
            with place.desk() as desk:
                (shown,) = desk.watch.protection()
            assert (shown.stop, shown.target, shown.watched_target) == (stop, target, target)
            assert shown.asked_by == "ann (cli)"
            control(
                place,
                "POST",
                "faults",
                {"match": REPLACE, "fault": "answer", "error": "-1013 PERCENT_PRICE_BY_SIDE"},
            )
            refused = protect(place, stop_price=price(place, "0.85"))
            assert refused.status is CommandStatus.FAILED, refused.text
            assert f"nothing was changed: stop rests at {to_wire(stop)}" in refused.text
            assert resting(place) == {"STOP_LOSS": stop}
            control(place, "DELETE", "faults")
            taken_back = protect(place)
            assert taken_back.status is CommandStatus.DONE, taken_back.text
            assert resting(place) == {"STOP_LOSS": before["STOP_LOSS"]}
            with place.desk() as desk:
                desk.steering.halt("fire", actor="bob", channel="cli")
            halted = protect(place, stop_price=stop)
            assert halted.status is CommandStatus.REFUSED
            assert halted.text.startswith("trading is halted by bob")
            assert resting(place) == {"STOP_LOSS": before["STOP_LOSS"]}
        with place.desk() as desk:
            check_books(place, desk.watch)
            outcomes = [row.outcome for row in desk.watch.audit() if row.action == "protect"]
    assert outcomes == ["refused", "done", "failed", "done", "done"]


def test_levels_of_a_trader_killed_before_it_sent_anything_are_carried_out_by_the_next(
    tmp_path: Path,
) -> None:
    place = installation(tmp_path, SETTINGS)
    with simulator(place):
        with running(place.trader(TRADE_AGENT_CRASH_POINT="levels-stored")) as trader:
            guarded(place)
            stop = price(place, "0.9")
            # asked in a process of its own, which launches others once the trader is gone
            with running(place.start(sys.executable, "-c", ASKING, str(stop))):
                assert trader.wait(60) == -9
        with running(place.trader()):
            eventually(lambda: resting(place) == {"STOP_LOSS": stop}, within_s=120, what="the moved stop")
        with place.desk() as desk:
            (row,) = (row for row in desk.watch.audit() if row.action == "protect")
            check_books(place, desk.watch)
    assert row.outcome == "failed"
    assert "died" in row.answer
