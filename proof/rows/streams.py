"""The user data stream fails in every way: fills are booked once, and none is missed."""

from typing import Any

from binance_trade_agent.domain.orders import Purpose
from proof.rows.protection import expect_closed, expect_cover, hit
from proof.rows.row import Play, protected
from proof.stage import Stage

_SUBSCRIBE = {"method": "WS", "path": "userDataStream.subscribe.signature"}


def trades_through(kind: str, *, again: bool = False, **arguments: Any) -> Play:
    """Something happens to the stream, then a target trades: booked once; `again` asks for a new subscription."""

    def play(stage: Stage) -> None:
        stage.start()
        stage.buy()
        expect_cover(stage)
        subscribed = _subscriptions(stage)
        stage.fault(kind, **arguments)
        hit(stage, Purpose.TARGET)
        expect_closed(stage, Purpose.TARGET)
        if again:
            stage.until(lambda: _subscriptions(stage) > subscribed, "it subscribes again")
            stage.did.append("subscribed again")
        stage.expect_free()
        expect_cover(stage)

    return play


def never_there(status: int) -> Play:
    """The handshake is refused from the start: everything works, only later; and it is asked for seldom."""

    def play(stage: Stage) -> None:
        stage.fault("stream_refuse", status=status)
        stage.start()
        stage.buy()
        expect_cover(stage)
        hit(stage, Purpose.TARGET)
        expect_closed(stage, Purpose.TARGET)
        stage.expect_free()

    return play


def refused_subscription(error: dict[str, Any]) -> Play:
    """The subscription itself is refused: tried again, trading goes on."""

    def play(stage: Stage) -> None:
        rule = stage.fault("answer", match=_SUBSCRIBE, **error)
        stage.start()
        stage.await_fault(rule)
        stage.buy()
        expect_cover(stage)
        stage.until(lambda: _subscriptions(stage) >= 2, "it subscribes again")

    return play


def raw_frame(event: dict[str, Any]) -> Play:
    """A frame nobody documented: ignored, and the stream lives on."""
    return trades_through("stream_event", event=event)


def _subscriptions(stage: Stage) -> int:
    return stage.exchange.received("WS", "userDataStream.subscribe.signature")


_UNKNOWN = {"subscriptionId": 0, "event": {"e": "somethingNew", "E": 1, "x": None, "nested": {"a": [1]}}}
_NULLS = {
    "subscriptionId": 0,
    "event": {"e": "executionReport", "E": 1, "s": "BTCUSDT", "c": None, "p": None},
}
_ORPHAN = {"id": None, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions."}}
_LATE = {"id": "an-old-request", "status": 503, "error": {"code": -1007, "msg": "Timeout waiting."}}

ROWS = (
    protected("43a", "stream closed 1001", trades_through("stream_drop", close_code=1001, again=True)),
    protected("43b", "stream cut (1006)", trades_through("stream_drop", close_code=None, again=True)),
    protected("44", "serverShutdown, then close", trades_through("server_shutdown", again=True)),
    protected("45", "stream silent, pings go on", trades_through("stream_silent")),
    protected("47a", "every event twice", trades_through("stream_duplicate")),
    protected("47b", "events out of order", trades_through("stream_reorder")),
    protected("49a", "orphan error frame", trades_through("stream_event", event=_ORPHAN)),
    protected("49b", "late -1007 of an old request", trades_through("stream_event", event=_LATE)),
    protected(
        "50",
        "-2035 to the subscription",
        refused_subscription(
            {"status": 400, "code": -2035, "msg": "User data stream is already subscribed."}
        ),
    ),
    protected("51", "eventStreamTerminated", trades_through("stream_terminate", again=True)),
    protected("53a", "unknown event type", raw_frame(_UNKNOWN)),
    protected("53b", "event with nulls", raw_frame(_NULLS)),
    protected("56a", "handshake refused, 503", never_there(503)),
    protected("56b", "handshake refused, 429", never_there(429)),
)
