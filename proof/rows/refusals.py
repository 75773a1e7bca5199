"""Clear refusals: REJECTED at once, never repeated by itself, the next order goes through; and demands for silence."""

import time
from decimal import Decimal

from binance_trade_agent.domain.orders import OrderStatus
from proof.rows.row import Play, Row
from proof.stage import BASE, ORDER, SYMBOL, Stage

_POST = {"method": "POST", "path": ORDER}
_ANY = {"path": "/api/*"}
_MINUTE_S = 60
_BAN_S = 60


def refused(error: str, *, then_free: bool = True) -> Play:
    """The exchange says no: one POST, no order, and the trader goes on."""

    def play(stage: Stage) -> None:
        stage.start()
        stage.fault("answer", error=error, match=_POST)
        result = stage.buy()
        stage.check(
            result.details.get("outcome") == "rejected",
            f"the request came to {result.details.get('outcome')}: {result.text}",
        )
        stage.expect_status(OrderStatus.REJECTED)
        stage.cycle(2)
        stage.expect_posts(1)
        if then_free:
            stage.expect_free()

    return play


def duplicate(stage: Stage) -> None:
    """`Duplicate order sent` means that our own order got there: it is looked up, and here adopted."""
    stage.start()
    stage.fault("execute_then_answer", error="-2010 duplicate", match=_POST)
    stage.buy()
    stage.expect_status(OrderStatus.FILLED)
    stage.expect_posts(1)


def rules_changed(stage: Stage) -> None:
    """The step size grows while it runs: at most one order is refused, then the new rules are known."""
    stage.start()
    stage.fault("rules", symbol=SYMBOL, changes={"filters": {"LOT_SIZE": {"stepSize": "0.00100000"}}})
    asked = stage.exchange.received("GET", "/api/v3/exchangeInfo")
    first = stage.buy()
    stage.did.append(f"first {first.details.get('outcome')}")
    if first.details.get("outcome") == "rejected":
        stage.cycle(2)
        stage.check(
            stage.exchange.received("GET", "/api/v3/exchangeInfo") > asked, "the rules were not read again"
        )
        stage.expect_free()
    filled = [row for row in stage.orders() if row.status == OrderStatus.FILLED]
    stage.check(bool(filled) and all(row.quantity % Decimal("0.001") == 0 for row in filled), "no order fits")
    stage.check(stage.posts() <= 2, f"{stage.posts()} POSTs")


def halted(stage: Stage) -> None:
    """The symbol is halted: at most one refusal, then no order until it trades again."""
    stage.start()
    rule = stage.fault("rules", symbol=SYMBOL, changes={"status": "HALT"})
    for _ in range(3):
        stage.buy()
    stage.check(stage.posts() <= 1, f"{stage.posts()} POSTs to a halted symbol")
    stage.did.append(f"told {sorted(stage.reasons() - {'idle', 'no_new_candle'})}")
    stage.end_fault(rule)
    # a symbol's rules are read again every half minute while it does not trade
    end = time.monotonic() + 60
    while stage.buy().details.get("outcome") != "placed" and time.monotonic() < end:
        stage.cycle()
    stage.check(stage.held() > 0, "it never bought once the symbol traded again")


def withdrawn(stage: Stage) -> None:
    """Coins were withdrawn behind its back: it sells no more than is there and says what differs."""
    stage.start()
    stage.buy()
    held = stage.held()
    stage.exchange.post(
        "deposit", {"asset": BASE, "amount": str(-(held / 2).quantize(Decimal("0.00000001")))}
    )
    stage.cycle(2)
    result = stage.sell()
    outcome = result.details.get("outcome")
    stage.did.append(f"SELL {outcome}")
    sold = [row for row in stage.orders() if row.side == "SELL" and row.status == OrderStatus.FILLED]
    stage.check(all(row.executed <= held / 2 for row in sold), "more sold than was there")
    stage.check(stage.posts() <= 2, f"{stage.posts()} POSTs")


def weight(stage: Stage) -> None:
    """429 with Retry-After: no request of any kind until it is over."""
    stage.start()
    rule = stage.fault(
        "answer", error="429", headers={"Retry-After": "4"}, match={"method": "GET", "path": "/api/*"}
    )
    stage.await_fault(rule)
    _expect_silence(stage, 3.0)
    # the minute counts as used up, so that data may wait for the next one
    stage.await_data(_MINUTE_S + 45)
    stage.expect_free()


def banned(stage: Stage) -> None:
    """418: the same, and the ban outlives a kill of the trader."""
    stage.start()
    rule = stage.fault("answer", error="418", headers={"Retry-After": f"{_BAN_S}"}, match=_ANY)
    stage.await_fault(rule)
    banned_at = time.monotonic()
    time.sleep(0.3)
    stage.lane.kill()
    # what was on its way when it died
    time.sleep(0.3)
    before = stage.exchange.get("requests")
    stage.start()
    stage.check(stage.exchange.get("requests") == before, "requests went out in the ban, after a restart")
    stage.check(time.monotonic() - banned_at < _BAN_S, "the start took longer than the ban")
    stage.did.append("silent over a restart")
    stage.await_data(_BAN_S + 45)
    stage.expect_free()


def order_rate(stage: Stage) -> None:
    """-1015 with Retry-After: no new orders until it is over, while data goes on."""
    stage.start()
    stage.fault("answer", error="-1015", headers={"Retry-After": "4"}, match=_POST)
    stage.buy()
    reads = stage.exchange.received("GET", "/api/v3/account")
    stage.buy()
    stage.expect_posts(1)
    stage.cycle(2)
    stage.check(stage.exchange.received("GET", "/api/v3/account") > reads, "reads were silenced too")
    stage.did.append("no order meanwhile, reads go on")
    time.sleep(4)
    stage.expect_free()


def clock_behind(stage: Stage) -> None:
    """The exchange's clock jumps: reads are repeated once with a new offset, orders are not, all goes on."""
    stage.start()
    stage.fault("clock", shift_ms=8_000)
    stage.cycle(3)
    end = time.monotonic() + 60
    while stage.buy().details.get("outcome") != "placed" and time.monotonic() < end:
        stage.cycle()
    placed = [row for row in stage.orders() if row.status == OrderStatus.FILLED]
    stage.check(len(placed) == 1, f"{len(placed)} orders after the jump")
    stage.check(stage.posts() <= 2, f"{stage.posts()} POSTs")


def clock_ahead(stage: Stage) -> None:
    """The exchange's clock jumps back: the same."""
    stage.start()
    stage.fault("clock", shift_ms=-8_000)
    stage.cycle(3)
    end = time.monotonic() + 60
    while stage.buy().details.get("outcome") != "placed" and time.monotonic() < end:
        stage.cycle()
    stage.check(stage.held() > 0, "never bought after the jump")
    stage.check(stage.posts() <= 2, f"{stage.posts()} POSTs")


def _expect_silence(stage: Stage, seconds: float) -> None:
    # what was on its way when the demand came
    time.sleep(0.3)
    before = stage.exchange.get("requests")
    time.sleep(seconds)
    stage.check(stage.exchange.get("requests") == before, "requests went out in spite of Retry-After")
    stage.did.append(f"silent for {seconds:.0f} s")


ROWS = (
    Row("11", "429, Retry-After 4 s", weight),
    Row("12", "418 ban of 60 s, and a kill", banned, slow=True),
    Row("13", "-1015 order rate, Retry-After 4 s", order_rate),
    Row("14", "403 of the web firewall", refused("403", then_free=False)),
    Row("15", "451 restricted location", refused("451")),
    Row("16", "-2015 key revoked", refused("-2015")),
    Row("17", "-2014 key malformed", refused("-2014")),
    Row("18", "-1021 to an order", refused("-1021")),
    Row("18b", "exchange's clock 8 s ahead", clock_behind),
    Row("19", "-1021, ahead of the server", refused("-1021 ahead")),
    Row("19b", "exchange's clock 8 s back", clock_ahead),
    Row("20", "-1022 bad signature", refused("-1022")),
    Row("21", "LOT_SIZE grew while it runs", rules_changed),
    Row("22", "PRICE_FILTER", refused("-1013 PRICE_FILTER")),
    Row("23", "NOTIONAL", refused("-1013 NOTIONAL")),
    Row("24", "PERCENT_PRICE_BY_SIDE", refused("-1013 PERCENT_PRICE_BY_SIDE")),
    Row("26a", "-1111 precision", refused("-1111")),
    Row("26b", "-1100 illegal characters", refused("-1100")),
    Row("27", "-2010 insufficient balance", refused("-2010 balance")),
    Row("27b", "half of the coins withdrawn", withdrawn),
    Row("28", "-2010 duplicate order sent", duplicate),
    Row("30", "symbol halted, then trading", halted),
)
