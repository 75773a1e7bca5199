"""What people ask for beyond a BUY or a SELL: a stop that is moved, an entry that rests and is cancelled."""

from decimal import Decimal

from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.records import CommandStatus
from proof.rows.protection import expect_cover
from proof.rows.replies import deaf
from proof.rows.row import Row, protected
from proof.stage import ORDER, REPLACE, Stage

_POST_REPLACE = {"method": "POST", "path": REPLACE}
_DELETE = {"method": "DELETE", "path": ORDER}
_LATE_S = 4
_OVER = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED})


def stop_refused(stage: Stage) -> None:
    """The replacement is refused: the act failed, and what rests and what is watched is what it was."""
    _hold_position(stage)
    before = _stop(stage)
    stage.fault("answer", error="-1013 PERCENT_PRICE_BY_SIDE", match=_POST_REPLACE)
    result = stage.move_stop(_lower(stage))
    stage.check(result.status is CommandStatus.FAILED, f"the act: {result.status} {result.text}")
    stage.check("nothing was changed" in result.text, f"it says {result.text}")
    _expect_levels(stage, asked=None)
    expect_cover(stage)
    stage.check(_stop(stage) == before, f"the stop is {_stop(stage)}, it was {before}")
    stage.expect_posts(3)
    _expect_next_moves(stage)


def stop_lost(stage: Stage) -> None:
    """The replacement is executed, its reply is lost: replaced once, the asked level rests."""
    _hold_position(stage)
    stop = _lower(stage)
    stage.fault("execute_then_reset", match=_POST_REPLACE)
    result = stage.move_stop(stop)
    stage.did.append(f"act {result.status}")
    _expect_moved(stage, stop)
    stage.cycle(2)
    stage.expect_posts(3)


def stop_late(stage: Stage) -> None:
    """The replacement is executed and answered after the time for an answer is over: the same."""
    _hold_position(stage)
    stop = _lower(stage)
    stage.fault("delay", delay_s=_LATE_S, match=_POST_REPLACE)
    result = stage.move_stop(stop)
    stage.did.append(f"act {result.status}")
    _expect_moved(stage, stop)
    stage.cycle(2)
    stage.expect_posts(3)


def cancel_lost(stage: Stage) -> None:
    """A cancel by hand is executed, its reply is lost: one DELETE, CANCELED, and a later entry rests again."""
    stage.start()
    below = (stage.price() * Decimal("0.98")).quantize(Decimal("0.01"))
    placed = stage.rest(below)
    stage.check(placed.details.get("outcome") == "placed", f"the entry: {placed.text}")
    order = stage.last(Purpose.ENTRY).client_order_id
    stage.fault("execute_then_reset", match=_DELETE)
    result = stage.cancel(order)
    stage.did.append(f"act {result.status}")
    stage.until(lambda: stage.last(Purpose.ENTRY).status == OrderStatus.CANCELED, "the entry is CANCELED")
    stage.cycle(2)
    deletes = stage.exchange.received("DELETE", ORDER)
    stage.check(deletes == 1, f"{deletes} DELETEs")
    cancels = [row.status for row in stage.watch.cancels(limit=100)]
    stage.check(len(cancels) == 1, f"cancels {cancels}")
    again = stage.rest(below)
    stage.check(again.details.get("outcome") == "placed", f"a later entry: {again.text}")


def _hold_position(stage: Stage) -> None:
    stage.start()
    stage.buy()
    expect_cover(stage)


def _lower(stage: Stage, share: str = "0.93") -> Decimal:
    return (stage.price() * Decimal(share)).quantize(Decimal("0.01"))


def _stop(stage: Stage) -> Decimal | None:
    resting = [row for row in stage.orders(Purpose.STOP) if row.status == OrderStatus.OPEN]
    return resting[-1].stop_price if resting else None


def _expect_levels(stage: Stage, asked: Decimal | None) -> None:
    (shown,) = stage.watch.protection()
    stage.check(shown.asked_stop == asked, f"the asked stop is {shown.asked_stop}, not {asked}")


def _expect_moved(stage: Stage, stop: Decimal) -> None:
    """One stop rests at the exchange, at the price asked for; the pair it replaced is over."""

    def rests() -> bool:
        shown = stage.watch.protection()
        return bool(shown) and shown[0].stops == (stop,) and len(shown[0].guards) == 1

    stage.until(rests, f"the stop rests at {stop}")
    _expect_levels(stage, asked=stop)
    there = [order for order in stage.exchange.truth().own_orders if order.status == "NEW"]
    stage.check(len(there) == 1, f"{len(there)} orders at the exchange")
    earlier = [row for row in stage.orders(Purpose.STOP, Purpose.TARGET) if row.stop_price != stop]
    stage.check(all(row.status in _OVER for row in earlier), f"{[row.status for row in earlier]}")
    stage.did.append("1 stop rests at the price asked for")


def _expect_next_moves(stage: Stage) -> None:
    """A later act goes through; one for the very price that was refused would wait its time."""
    stop = _lower(stage, "0.92")
    result = stage.move_stop(stop)
    stage.check(result.status is CommandStatus.DONE, f"a later act: {result.text}")
    _expect_moved(stage, stop)


ROWS = (
    protected("H1", "stop by hand: refused", stop_refused),
    protected("H2a", "stop by hand: reply lost", stop_lost),
    protected("H2b", "stop by hand: reply lost, no stream", deaf(stop_lost)),
    protected("H3", "stop by hand: answered late", stop_late),
    Row("H4a", "cancel by hand: reply lost", cancel_lost),
    Row("H4b", "cancel by hand: reply lost, no stream", deaf(cancel_lost)),
)
