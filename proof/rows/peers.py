"""The cases in which freqtrade 2026.9 doubles, forgets, or sells the user's own coins."""

import signal
import time
from decimal import Decimal

from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.orders import OrderStatus, Side
from proof.rows.replies import deaf
from proof.rows.row import Row
from proof.stage import BASE, ORDER, Stage

_POST = {"method": "POST", "path": ORDER}
_INVISIBLE_S = 35
_OWN = Decimal("0.5")


def lost_buys(stage: Stage) -> None:
    """The replies to two BUYs of a strategy that goes on wanting them are lost."""
    stage.fault("execute_then_reset", match=_POST, count=2)
    stage.start()
    stage.until(lambda: len(stage.orders()) >= 3, "orders go on after it", 90)
    decisions = [row.decision_id for row in stage.orders()]
    stage.check(len(set(decisions)) == len(decisions), "a decision has two orders")
    stage.lane.stop()
    stage.did.append(f"{len(decisions)} orders of {len(set(decisions))} decisions")


def invisible_at_start(stage: Stage) -> None:
    """Killed in the POST; at the next start the exchange says -2013 for 35 s: waits, then adopts."""
    stage.start()
    stage.fault("invisible", delay_s=_INVISIBLE_S, match=_POST)
    held = stage.fault("hold", match=_POST)
    stage.send(Side.BUY)
    stage.await_fault(held)
    sent_at = time.monotonic()
    stage.lane.kill()
    stage.check(stage.last().status == OrderStatus.INTENT, f"the order is {stage.last().status}")
    stage.end_fault(held)
    stage.start()
    stage.expect_locked()
    stage.until(lambda: stage.last().status == OrderStatus.FILLED, "the order is adopted", _INVISIBLE_S + 30)
    waited_s = time.monotonic() - sent_at
    stage.check(waited_s > _INVISIBLE_S - 1, f"adopted after {waited_s:.0f} s, it was not to be seen")
    stage.did.append(f"adopted after {waited_s:.0f} s")
    stage.expect_posts(1)


def stopped_in_the_post(stage: Stage) -> None:
    """SIGTERM while the answer is due: ends within ten seconds and adopts the order, in time or with the next start."""
    stage.start()
    held = stage.fault("hold", match=_POST)
    stage.send(Side.BUY)
    stage.await_fault(held)
    stage.lane.trader.send_signal(signal.SIGTERM)
    stage.check(stage.lane.await_death(12), "it did not stop")
    stage.check(stage.lane.trader.returncode == ExitCode.SIGTERM, f"exit {stage.lane.trader.returncode}")
    adopted = stage.last().status
    stage.check(adopted in {OrderStatus.UNKNOWN, OrderStatus.FILLED}, f"the order is {adopted}")
    stage.end_fault(held)
    stage.start()
    stage.expect_status(OrderStatus.FILLED)
    stage.cycle(2)
    stage.expect_posts(1)


def lost_sell(stage: Stage) -> None:
    """The reply to a SELL is lost while the account holds more of the coin from elsewhere: that stays."""
    stage.start()
    stage.buy()
    bought = stage.held()
    stage.fault("execute_then_reset", match=_POST)
    stage.sell()
    stage.until(lambda: stage.last().status == OrderStatus.FILLED, "the SELL is adopted")
    for _ in range(2):
        stage.sell()
    sold = sum((row.executed for row in stage.orders() if row.side == Side.SELL), Decimal(0))
    left = stage.exchange.truth().balances[BASE]
    stage.check(sold <= bought, f"{sold} sold of {bought}")
    stage.check(left >= _OWN, f"only {left} {BASE} are left of the person's {_OWN}")
    stage.expect_posts(2)
    stage.did.append(f"the person's {_OWN} {BASE} untouched")


ROWS = (
    Row(
        "F1",
        "replies to BUYs lost, strategy insists",
        deaf(lost_buys),
        settings={
            "STRATEGY_NAME": "restless",
            "TRADING_SYMBOLS": "BTCUSDT",
            "SIMULATOR_VOLATILITY": "0.002",
        },
    ),
    Row("F2", "invisible for 35 s at start", deaf(invisible_at_start), slow=True),
    Row("F3", "SIGTERM inside the POST", deaf(stopped_in_the_post)),
    Row(
        "F4",
        "SELL's reply lost, own coins held",
        deaf(lost_sell),
        settings={"SIMULATOR_BALANCES": f"USDT=10000,BTC={_OWN}"},
    ),
)
