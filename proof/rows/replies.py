"""Replies that are lost, late or unreadable: the order's fate must be found out, never guessed."""

from datetime import UTC, datetime
from typing import Any

from binance_trade_agent.domain.orders import OrderStatus, Side
from proof.rows.row import Play, Row
from proof.stage import ORDER, WINDOW_AND_GRACE_S, Stage

_POST = {"method": "POST", "path": ORDER}
_GET = {"method": "GET", "path": ORDER}


def deaf(play: Play) -> Play:
    """The same with the user data stream out of reach, so that only look-ups can tell."""

    def without_stream(stage: Stage) -> None:
        stage.fault("stream_refuse", status=503)
        play(stage)

    return without_stream


def lost(kind: str, side: Side = Side.BUY, **arguments: Any) -> Play:
    """The order is carried out, its reply does not come as it should: one order, adopted with its fills."""

    def play(stage: Stage) -> None:
        stage.start()
        if side is Side.SELL:
            stage.buy()
        posts = stage.posts()
        stage.fault(kind, match=_POST, **arguments)
        result = stage.answer(stage.send(side))
        stage.expect_honest()
        stage.check(
            result.details.get("outcome") in {"unknown", "placed"},
            f"the request came to {result.details.get('outcome')}: {result.text}",
        )
        stage.expect_status(OrderStatus.FILLED)
        stage.expect_posts(posts + 1)
        stage.expect_equal()
        if side is Side.BUY:
            stage.expect_free()

    return play


def not_executed(kind: str, **arguments: Any) -> Play:
    """The same answer, but the order never landed: not conclusive before window and grace, then bought anew."""

    def play(stage: Stage) -> None:
        stage.start()
        stage.fault(kind, match=_POST, **arguments)
        stage.buy()
        stage.check(stage.last().status == OrderStatus.UNKNOWN, f"the order is {stage.last().status} at once")
        stage.expect_posts(1)
        stage.expect_locked()
        sent_at = stage.last().created_at
        stage.expect_status(OrderStatus.NOT_PLACED, WINDOW_AND_GRACE_S + 25)
        waited_s = (datetime.now(tz=UTC) - sent_at).total_seconds()
        stage.check(waited_s >= WINDOW_AND_GRACE_S - 1, f"NOT_PLACED after only {waited_s:.0f} s")
        stage.did.append(f"NOT_PLACED after {waited_s:.0f} s")
        stage.expect_posts(1)
        stage.expect_free()
        stage.expect_posts(2)

    return play


def lagging(stage: Stage) -> None:
    """The reply is lost and queries do not show the order for a while: waits, and adopts it."""
    stage.start()
    stage.fault("invisible", delay_s=3, match=_POST)
    stage.fault("execute_then_reset", match=_POST)
    stage.buy()
    stage.check(stage.last().status == OrderStatus.UNKNOWN, f"the order is {stage.last().status} at once")
    stage.expect_locked()
    stage.expect_status(OrderStatus.FILLED)
    stage.expect_posts(1)


def archived(stage: Stage) -> None:
    """A look-up is answered -2026: not conclusive, the next look-up finds the order."""
    stage.start()
    stage.fault("execute_then_reset", match=_POST)
    stage.fault("answer", error="-2026", match=_GET)
    stage.buy()
    stage.expect_status(OrderStatus.FILLED)
    stage.expect_posts(1)


def look_ups_fail(stage: Stage) -> None:
    """The reply is lost and look-ups fail for a while: the order stays UNKNOWN until one works."""
    stage.start()
    stage.fault("execute_then_reset", match=_POST)
    stage.fault("answer", error="502", match=_GET, count=4)
    stage.buy()
    stage.expect_locked()
    stage.expect_status(OrderStatus.FILLED)
    stage.expect_posts(1)


def trades_late(stage: Stage) -> None:
    """The trades of an order cannot be had: it stays unfinished until they add up."""
    stage.start()
    stage.fault("execute_then_reset", match=_POST)
    trades = stage.fault("answer", error="503", match={"method": "GET", "path": "/api/v3/myTrades"}, count=3)
    stage.buy()
    stage.await_fault(trades, 3)
    stage.expect_status(OrderStatus.FILLED)
    stage.expect_posts(1)


def maintenance(stage: Stage) -> None:
    """Everything is answered -1016: nothing is sent, each decision says why, trading goes on after it."""
    stage.start()
    rule = stage.fault("answer", error="-1016", match={"path": "/api/*"}, count=None)
    stage.until(lambda: "unavailable" in stage.reasons(), "decisions say that the exchange is unavailable")
    result = stage.buy()
    stage.check(result.details.get("outcome") == "no_data", f"a BUY in maintenance: {result.text}")
    stage.check("no_data" in stage.incidents(), "no incident tells of it")
    stage.expect_posts(0)
    stage.did.append("no data, incident")
    stage.end_fault(rule)
    stage.until(lambda: "no_data" not in stage.incidents(), "the incident is cleared")
    stage.expect_free()


def early(kind: str, **arguments: Any) -> Play:
    """The user data stream tells of the order before, or instead of, the reply: booked once, from whoever comes first."""

    def play(stage: Stage) -> None:
        stage.start()
        stage.cycle(2)
        stage.fault(kind, match=_POST, **arguments)
        key = stage.send(Side.BUY)
        stage.until(lambda: bool(stage.orders()), "the order is journalled")
        stage.expect_status(OrderStatus.FILLED)
        stage.answer(key)
        stage.cycle()
        stage.expect_posts(1)
        stage.expect_free()

    return play


ROWS = (
    Row("1", "-1007, order executed", deaf(lost("execute_then_answer", error="-1007"))),
    Row("1s", "-1007 to a SELL, executed", deaf(lost("execute_then_answer", Side.SELL, error="-1007"))),
    Row("2", "-1007, not executed", not_executed("answer", error="-1007"), slow=True),
    Row("3", "-1006, order executed", deaf(lost("execute_then_answer", error="-1006"))),
    Row("4a", "502 HTML, order executed", deaf(lost("execute_then_answer", error="502"))),
    Row("4b", "504 HTML, order executed", deaf(lost("execute_then_answer", error="504"))),
    Row("5", "-1008 overload, not executed", not_executed("answer", error="-1008"), slow=True),
    Row("6", "-1001 internal, not executed", not_executed("answer", error="-1001"), slow=True),
    Row("7", "-1000 unknown, executed", deaf(lost("execute_then_answer", error="-1000"))),
    Row("8a", "connection reset, executed", deaf(lost("execute_then_reset"))),
    Row("8b", "connection reset, not executed", not_executed("reset"), slow=True),
    Row("10", "reply later than the timeout", deaf(lost("delay", delay_s=4))),
    Row("32", "read-after-write lag of 3 s", deaf(lagging)),
    Row("33a", "look-up answered -2026", deaf(archived)),
    Row("33b", "look-ups fail four times", deaf(look_ups_fail)),
    Row("33c", "trades cannot be had three times", deaf(trades_late)),
    Row("36a", "200 with HTML", deaf(lost("execute_then_answer", error="maintenance page"))),
    Row("36b", "200, JSON cut off", deaf(lost("truncate"))),
    Row("36c", "200, empty body", deaf(lost("empty"))),
    Row("42", "maintenance, -1016 to all", maintenance),
    Row("48a", "event before the reply", early("delay", delay_s=1.5)),
    Row("48b", "event, and never a reply", early("execute_then_reset")),
)
