"""Protection at the exchange, limit entries and cancels: a position is covered, once, whatever happens to requests."""

import time
from decimal import Decimal

from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.records import OrderRow
from proof.rows.replies import deaf
from proof.rows.row import Row, protected
from proof.stage import OCO, ORDER, REPLACE, SYMBOL, WINDOW_AND_GRACE_S, Stage

_POST_OCO = {"method": "POST", "path": OCO}
_POST_REPLACE = {"method": "POST", "path": REPLACE}
_DELETE = {"method": "DELETE", "path": ORDER}
#: Long enough that a busy machine meets the order while it rests.
_LIMIT = {
    "STRATEGY_NAME": "eager",
    "TRADING_SYMBOLS": SYMBOL,
    "ENTRY_ORDER_TYPE": "limit",
    "ENTRY_LIMIT_OFFSET_BPS": "100",
    "ENTRY_TIME_LIMIT_SECONDS": "4",
}
_HALF_DONE = (
    '{"code":-2021,"msg":"Order cancel-replace partially failed.","data":{"cancelResult":"SUCCESS",'
    '"newOrderResult":"FAILURE","cancelResponse":{},"newOrderResponse":{"code":-2010,'
    '"msg":"Account has insufficient balance for requested action."}}}'
)
_ENDED = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED})


def expect_cover(stage: Stage, within_s: float = 45) -> None:
    """One OCO rests for the whole position: two open legs in the journal and at the exchange."""
    stage.until(lambda: len(_resting(stage)) == 2, "an OCO rests", within_s)
    there = [order for order in stage.exchange.truth().own_orders if order.status == "NEW"]
    stage.check(len(there) == 2, f"{len(there)} legs at the exchange")
    covered = {row.quantity for row in _resting(stage)}
    stage.check(all(0 <= stage.held() - each < Decimal("0.00002") for each in covered), f"covers {covered}")
    stage.did.append("1 OCO rests")


def hit(stage: Stage, purpose: Purpose) -> None:
    """Print a trade that triggers a leg."""
    leg = stage.last(purpose)
    factor = Decimal("1.11") if purpose is Purpose.TARGET else Decimal("0.94")
    price = (stage.price() * factor).quantize(Decimal("0.01"))
    stage.exchange.post("trade", {"symbol": leg.symbol, "price": str(price), "quantity": "5"})


def expect_closed(stage: Stage, by: Purpose) -> None:
    """The position was ended by one leg, the other is over, nothing rests."""
    stage.until(lambda: stage.last(by).status == OrderStatus.FILLED, f"the {by} is FILLED")
    stage.until(lambda: not _resting(stage), "nothing rests")
    other = Purpose.STOP if by is Purpose.TARGET else Purpose.TARGET
    stage.check(stage.last(other).status in _ENDED, f"the {other} is {stage.last(other).status}")
    stage.check(stage.held() < Decimal("0.00002"), f"{stage.held()} still held")
    stage.did.append(f"{by} FILLED, {other} {stage.last(other).status}")


def list_lost(stage: Stage) -> None:
    """The OCO is accepted, its reply is lost: adopted, no second one."""
    stage.start()
    stage.fault("execute_then_reset", match=_POST_OCO)
    stage.buy()
    expect_cover(stage)
    stage.cycle(3)
    stage.expect_posts(2)


def list_not_executed(stage: Stage) -> None:
    """The OCO's fate is unknown and it never landed: put back once that is certain, never before."""
    stage.start()
    stage.fault("answer", error="-1007", match=_POST_OCO)
    stage.buy()
    stage.until(lambda: stage.posts() == 2, "an OCO is sent")
    sent_at = time.monotonic()
    stage.until(lambda: stage.posts() > 2, "it is sent again", WINDOW_AND_GRACE_S + 30)
    waited_s = time.monotonic() - sent_at
    stage.check(waited_s > WINDOW_AND_GRACE_S - 2, f"sent again after {waited_s:.0f} s")
    stage.did.append(f"put back after {waited_s:.0f} s")
    expect_cover(stage)
    stage.expect_posts(3)


def list_refused(error: str) -> Row:
    """The OCO is refused: put back in a later cycle, and only once."""

    def play(stage: Stage) -> None:
        stage.start()
        stage.fault("answer", error=error, match=_POST_OCO)
        stage.buy()
        expect_cover(stage)
        rejected = [row for row in stage.orders() if row.status == OrderStatus.REJECTED]
        stage.check(len(rejected) == 2, f"{len(rejected)} legs REJECTED")
        stage.expect_posts(3)

    number = {"-1013 MAX_NUM_ALGO_ORDERS": "25", "-2010 would trigger": "29a", "-2010 would take": "29b"}[
        error
    ]
    return protected(number, f"OCO refused: {error}", play)


def exit_lost(stage: Stage) -> None:
    """An exit replaces the cover, its reply is lost: sold once, cover gone."""
    stage.start()
    stage.buy()
    expect_cover(stage)
    stage.fault("execute_then_reset", match=_POST_REPLACE)
    stage.sell()
    stage.until(lambda: stage.last(Purpose.EXIT).status == OrderStatus.FILLED, "the exit is FILLED")
    stage.until(lambda: not _resting(stage), "nothing rests")
    stage.cycle(2)
    stage.expect_posts(3)


def exit_not_executed(stage: Stage) -> None:
    """The same, but it never landed: the cover stays, the exit is conclusive only after window and grace."""
    stage.start()
    stage.buy()
    expect_cover(stage)
    stage.fault("answer", error="-1007", match=_POST_REPLACE)
    stage.sell()
    stage.check(len(_resting(stage)) == 2, "the cover is gone")
    stage.expect_locked()
    stage.until(
        lambda: stage.last(Purpose.EXIT).status == OrderStatus.NOT_PLACED,
        "the exit is NOT_PLACED",
        WINDOW_AND_GRACE_S + 30,
    )
    result = stage.sell()
    stage.check(result.details.get("outcome") == "placed", f"a later SELL: {result.text}")
    stage.check(stage.held() < Decimal("0.00002"), f"{stage.held()} still held")


def replace_half_done(stage: Stage) -> None:
    """409 -2021, the new order refused: nothing is sold, what still covers stays, a later SELL goes through."""
    stage.start()
    stage.buy()
    expect_cover(stage)
    stage.fault("answer", status=409, body=_HALF_DONE, content_type="application/json", match=_POST_REPLACE)
    result = stage.sell()
    stage.check(result.details.get("outcome") == "rejected", f"the SELL: {result.text}")
    expect_cover(stage)
    stage.expect_posts(3)
    result = stage.sell()
    stage.check(result.details.get("outcome") == "placed", f"a later SELL: {result.text}")


def exit_expires(stage: Stage) -> None:
    """The cover is cancelled and the exit that replaces it expires unfilled: the position is covered anew."""
    stage.start()
    stage.buy()
    expect_cover(stage)
    stage.fault("expire", match=_POST_REPLACE)
    stage.sell()
    row = stage.expect_status(OrderStatus.EXPIRED)
    stage.check(row.executed == 0, f"{row.executed} sold")
    expect_cover(stage)


def foreign_cancel(stage: Stage) -> None:
    """The person cancels the cover in the app: found, and put back."""
    stage.start()
    stage.buy()
    expect_cover(stage)
    first = {row.client_order_id for row in _resting(stage)}
    leg = _resting(stage)[0]
    stage.exchange.post("cancel", {"symbol": SYMBOL, "orderId": leg.exchange_order_id})
    stage.until(lambda: not first & {row.client_order_id for row in _resting(stage)}, "the cancel is seen")
    expect_cover(stage)
    stage.expect_posts(3)


def missing_at_start(stage: Stage) -> None:
    """The cover is cancelled while the trader is dead: put back by its next start."""
    stage.start()
    stage.buy()
    expect_cover(stage)
    stage.lane.kill()
    leg = _resting(stage)[0]
    stage.exchange.post("cancel", {"symbol": SYMBOL, "orderId": leg.exchange_order_id})
    stage.start()
    stage.until(lambda: stage.posts() == 3, "the OCO is put back")
    expect_cover(stage)


def leg_hit(purpose: Purpose) -> Row:
    """One leg trades, the other expires with it: the position is closed, protection is not \"lost\"."""

    def play(stage: Stage) -> None:
        stage.start()
        stage.buy()
        expect_cover(stage)
        hit(stage, purpose)
        expect_closed(stage, purpose)
        stage.cycle(2)
        stage.expect_posts(2)
        stage.expect_free()

    return protected("57a" if purpose is Purpose.TARGET else "57b", f"OCO: the {purpose} trades", play)


def hit_while_dead(stage: Stage) -> None:
    """The stop trades while the trader is dead: its next start books it and covers nothing."""
    stage.start()
    stage.buy()
    expect_cover(stage)
    stage.lane.kill()
    hit(stage, Purpose.STOP)
    stage.start()
    expect_closed(stage, Purpose.STOP)
    stage.expect_posts(2)


def hit_while_deaf(stage: Stage) -> None:
    """The target trades while the user data stream cannot be had: look-ups find it."""
    stage.start()
    stage.buy()
    expect_cover(stage)
    hit(stage, Purpose.TARGET)
    expect_closed(stage, Purpose.TARGET)
    stage.expect_free()


def cancel_lost(stage: Stage) -> None:
    """A limit entry's time is over, the cancel's reply is lost: cancelled once."""
    stage.fault("execute_then_reset", match=_DELETE)
    stage.start()
    first = _first_entry(stage)
    _await_status(stage, first, OrderStatus.CANCELED)
    stage.cycle(2)
    _expect_one_cancel_each(stage)


def cancel_not_executed(stage: Stage) -> None:
    """The cancel never landed: sent anew only once that is certain."""
    stage.fault("reset", match=_DELETE)
    stage.start()
    first = _first_entry(stage)
    stage.until(lambda: stage.exchange.received("DELETE", ORDER) == 1, "the cancel is sent")
    sent_at = time.monotonic()
    _await_status(stage, first, OrderStatus.CANCELED, WINDOW_AND_GRACE_S + 30)
    waited_s = time.monotonic() - sent_at
    stage.check(waited_s > WINDOW_AND_GRACE_S - 2, f"sent again after {waited_s:.0f} s")
    stage.did.append(f"cancelled anew after {waited_s:.0f} s")
    stage.check(stage.exchange.received("DELETE", ORDER) >= 2, "no second cancel")


def cancel_races_fill(stage: Stage) -> None:
    """The order fills before the cancel arrives (-2011): FILLED, and held."""
    rule = stage.fault("hold_before", match=_DELETE)
    stage.start()
    first = _first_entry(stage)
    stage.await_fault(rule)
    low = (stage.price() * Decimal("0.95")).quantize(Decimal("0.01"))
    stage.exchange.post("trade", {"symbol": SYMBOL, "price": str(low), "quantity": "5"})
    stage.end_fault(rule)
    _await_status(stage, first, OrderStatus.FILLED)
    stage.cycle(2)
    stage.check(stage.held() > Decimal("0.0001"), f"{stage.held()} held")
    stage.expect_posts(1)


def cut_short(stage: Stage) -> None:
    """A limit entry trades in part, its time is over: CANCELED, what it bought is kept and covered."""
    stage.start()
    first = _first_entry(stage)
    _await_status(stage, first, OrderStatus.OPEN)
    low = (stage.price() * Decimal("0.98")).quantize(Decimal("0.01"))
    stage.exchange.post("trade", {"symbol": SYMBOL, "price": str(low), "quantity": "0.003"})
    _await_status(stage, first, OrderStatus.CANCELED)
    row = stage.orders(Purpose.ENTRY)[0]
    stage.check(row.executed == Decimal("0.003"), f"{row.executed} of {row.quantity} executed")
    expect_cover(stage)


def no_liquidity(stage: Stage) -> None:
    """A MARKET order eats the book up: EXPIRED with what it got, which is kept and covered."""
    stage.start()
    stage.fault("partial", share=0.5, match={"method": "POST", "path": ORDER})
    stage.buy()
    row = stage.expect_status(OrderStatus.EXPIRED)
    stage.check(0 < row.executed < row.quantity, f"{row.executed} of {row.quantity} executed")
    expect_cover(stage)


def price_range(stage: Stage) -> None:
    """Accepted and expired by the price range rule: nothing bought, nothing covered, the next order goes through."""
    stage.start()
    stage.fault(
        "expire", reason="EXECUTION_RULE_PRICE_RANGE_EXCEEDED", match={"method": "POST", "path": ORDER}
    )
    stage.buy()
    row = stage.expect_status(OrderStatus.EXPIRED)
    stage.check(row.executed == 0 and stage.held() == 0, "something was bought")
    stage.expect_free()


def _first_entry(stage: Stage) -> str:
    stage.until(lambda: bool(stage.orders(Purpose.ENTRY)), "an entry is sent")
    return stage.orders(Purpose.ENTRY)[0].client_order_id


def _await_status(stage: Stage, cid: str, status: OrderStatus, within_s: float | None = None) -> None:
    def reached() -> bool:
        return any(row.client_order_id == cid and row.status == status for row in stage.orders())

    stage.until(reached, f"the first entry is {status}", within_s)


def _expect_one_cancel_each(stage: Stage) -> None:
    """One DELETE for each cancel that the journal holds, and one cancel for each order."""
    stage.lane.stop()
    cancels = [row.client_order_id for row in stage.watch.cancels(limit=1000)]
    deletes = stage.exchange.received("DELETE", ORDER)
    stage.check(len(cancels) == len(set(cancels)) == deletes, f"{deletes} DELETEs, cancels of {cancels}")
    stage.did.append(f"{deletes} DELETE for {len(cancels)} cancels")


def _resting(stage: Stage) -> list[OrderRow]:
    return [row for row in stage.orders(Purpose.STOP, Purpose.TARGET) if row.status == OrderStatus.OPEN]


ROWS = (
    Row("9a", "cancel's reply lost", cancel_lost, settings=_LIMIT),
    Row("9b", "cancel reset, not executed", cancel_not_executed, slow=True, settings=_LIMIT),
    list_refused("-1013 MAX_NUM_ALGO_ORDERS"),
    list_refused("-2010 would trigger"),
    list_refused("-2010 would take"),
    Row("31", "cancel races a fill, -2011", cancel_races_fill, settings=_LIMIT),
    protected("34a", "cancelReplace: reply lost", deaf(exit_lost)),
    protected("34b", "cancelReplace: -1007, not executed", exit_not_executed, slow=True),
    protected("34c", "cancelReplace: 409 -2021", replace_half_done),
    protected("34d", "cover cancelled, exit EXPIRED", exit_expires),
    protected("37", "MARKET partly filled, EXPIRED", no_liquidity),
    protected("38", "LIMIT partly filled, cancelled", cut_short, settings=_LIMIT),
    protected("40", "EXPIRED by the price range rule", price_range),
    leg_hit(Purpose.TARGET),
    leg_hit(Purpose.STOP),
    protected("57c", "stop trades while the trader is dead", hit_while_dead),
    protected("57d", "target trades, no user stream", deaf(hit_while_deaf)),
    protected("58a", "OCO: reply lost", deaf(list_lost)),
    protected("58b", "OCO: -1007, not executed", list_not_executed, slow=True),
    protected("58c", "cover cancelled in the app", foreign_cancel),
    protected("58d", "cover missing at the start", missing_at_start),
)
