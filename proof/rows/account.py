"""What others do to the account: shown and booked, never touched, never profit or loss."""

import time
from decimal import Decimal

from binance_trade_agent.telemetry.crash_points import CrashPoint
from proof.rows.row import Row
from proof.stage import BASE, SYMBOL, WINDOW_AND_GRACE_S, Stage


def foreign_order(stage: Stage) -> None:
    """The person rests an order in the app and buys some of the coin: shown, booked as theirs, never sold."""
    stage.start()
    stage.buy()
    bought = stage.held()
    low = (stage.price() * Decimal("0.8")).quantize(Decimal("0.01"))
    stage.exchange.post(
        "foreign_order",
        {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "quantity": "0.001", "price": str(low)},
    )
    stage.exchange.post(
        "foreign_order", {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    )
    _await_balances(stage)
    stage.check(stage.held() == bought, f"the position became {stage.held()}, it is {bought}")
    stage.sell()
    left = stage.exchange.truth().balances[BASE]
    stage.check(left >= Decimal("0.00999"), f"only {left} {BASE} are left of the person's own")
    foreign = [order for order in stage.exchange.truth().orders if not order.is_ours]
    stage.check(
        sorted(order.status for order in foreign) == ["FILLED", "NEW"],
        f"the person's orders are {[order.status for order in foreign]}",
    )
    stage.did.append(f"the person's {left} {BASE} untouched")


def transfers(stage: Stage) -> None:
    """A deposit and a withdrawal of money: flows, no profit and no loss."""
    stage.start()
    before = stage.watch.status().profit
    stage.exchange.post("deposit", {"asset": "USDT", "amount": "2500"})
    stage.exchange.post("deposit", {"asset": "USDT", "amount": "-1500.5"})
    _await_balances(stage)
    stage.cycle(2)
    stage.check(stage.watch.status().profit == before, f"profit became {stage.watch.status().profit}")
    stage.did.append("booked as flows")
    stage.expect_free()


def transfers_while_dead(stage: Stage) -> None:
    """The same while the trader is dead: found at the next start, no profit and no loss."""
    # without the stream's word nothing tells a deposit from any other difference
    stage.unexplained_allowed = True
    stage.start()
    stage.cycle()
    stage.lane.kill()
    stage.exchange.post("deposit", {"asset": "USDT", "amount": "2500"})
    stage.start()
    _await_balances(stage)
    stage.cycle(2)
    stage.check(stage.watch.status().profit == 0, f"profit became {stage.watch.status().profit}")
    stage.did.append("booked as a flow")
    stage.expect_free()


def fee_in_bnb(stage: Stage) -> None:
    """The fee is taken in BNB, and once BNB runs out in what is received: every asset agrees."""
    stage.exchange.post("deposit", {"asset": "BNB", "amount": "0.0009"})
    stage.start()
    stage.fault("fee_asset", asset="BNB")
    for _ in range(2):
        stage.buy(Decimal("0.004"))
        stage.expect_equal()
    stage.sell()
    assets = {fill.commission_asset for fill in stage.watch.fills()}
    stage.check("BNB" in assets and len(assets) > 1, f"fees were taken in {assets}")
    stage.did.append(f"fees in {', '.join(sorted(assets))}")


def no_listen_key(stage: Stage) -> None:
    """`/api/v3/userDataStream` answers 410: it is never asked for."""
    stage.start()
    stage.buy()
    stage.cycle(3)
    asked = [name for name in stage.exchange.get("requests") if name.endswith("/api/v3/userDataStream")]
    stage.check(not asked, f"asked for {asked}")
    stage.did.append("never asked")


def killed_at_the_transfer(stage: Stage) -> None:
    """Killed right after a deposit was booked: the next start books it no second time."""
    stage.lane.start(CrashPoint.TRANSFER_BOOKED)
    stage.until(lambda: stage.lane.completed() is not None, "a first cycle")
    stage.exchange.post("deposit", {"asset": "USDT", "amount": "2500"})
    stage.check(stage.lane.await_death(60), "the crash point was not reached")
    stage.start()
    _await_balances(stage)
    stage.cycle(2)
    booked = [flow.amount for flow in stage.watch.flows() if flow.kind == "deposit"]
    stage.check(booked == [Decimal(2500)], f"deposits booked: {booked}")
    stage.check(stage.watch.status().profit == 0, f"profit became {stage.watch.status().profit}")
    stage.did.append("booked once")


def wiped(stage: Stage) -> None:
    """A testnet reset: all orders gone, balances as at the opening: a new book begins, the old one is kept."""
    stage.start()
    stage.buy()
    stage.expect_equal()
    time.sleep(WINDOW_AND_GRACE_S + 3)
    stage.lane.stop()
    old = stage.watch
    stage.fault("wipe")
    stage.lane.start()

    def begun() -> bool:
        time.sleep(1)
        stage.lane.reopen()
        return not stage.watch.orders() and stage.lane.completed() is not None

    stage.until(begun, "a new book begins")
    stage.check(len(old.orders()) == 1, "the old book was not kept")
    stage.did.append("new book, old one kept")
    stage.expect_free()
    profit = stage.watch.status().profit
    stage.check(profit is not None and abs(profit) < 10, f"profit became {profit}")


def _await_balances(stage: Stage) -> None:
    def agree() -> bool:
        held = {asset: amount for asset, amount in stage.exchange.truth().balances.items() if amount}
        return {asset: amount for asset, amount in stage.watch.balances().items() if amount} == held

    stage.until(agree, "the ledger agrees with the account", 60)


ROWS = (
    Row("35", "listenKey is gone (410)", no_listen_key),
    Row("41", "fees in BNB until it runs out", fee_in_bnb),
    Row("54a", "orders and trades of the person", foreign_order),
    Row("54b", "deposit and withdrawal", transfers),
    Row("54d", "killed when a deposit is booked", killed_at_the_transfer),
    Row("55", "testnet reset", wiped, slow=True),
    Row("54c", "deposit while the trader is dead", transfers_while_dead),
)
