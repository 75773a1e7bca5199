"""A session in the making: orders, faults, people and kills, each when so many of its cycles have run."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from binance_trade_agent.control.steering import CommandTimeout
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.orders import OrderStatus, Purpose, Side
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import CommandResult, CommandStatus, Session
from proof.kills import FAULTS, IN_THE_POST
from proof.lane import Lane

_PATIENCE_S = 60.0
_FLATTEN_S = 180.0
_FAULT_PATIENCE_S = 45.0
_LOOK_S = 0.05
_LOT = Decimal("0.0001")
_CENT = Decimal("0.01")
#: A stop that trails is never lowered: this share of the price lies above it.
_ABOVE_TRAILING = Decimal("0.998")


@dataclass(slots=True)
class Played:
    """What happened in a session, to be told beside its replay."""

    cycles: int = 0
    orders: int = 0
    kills: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    #: kind of an act -> how often it was carried out
    acts: dict[str, int] = field(default_factory=dict)
    #: what others sold of positions
    taken: list[str] = field(default_factory=list)


Event = tuple[float, Callable[["Act"], None]]


class Act:
    """A session in the making: events come when so many of its cycles have run."""

    def __init__(self, opened: Lane) -> None:
        self.lane = opened
        self.played = Played()
        self._rules: dict[str, list[int]] = {}

    def play(self, cycles: int, events: Sequence[Event]) -> Session:
        """Run `cycles` cycles, with `events` at their shares of them; the session, whose trader still runs."""
        self._start()
        for share, event in (*sorted(events, key=lambda each: each[0]), (1.0, Act.end_faults)):
            self._await(int(share * cycles))
            event(self)
        self.played.cycles = self.cycles
        self.played.orders = len(self.lane.exchange.truth().own_orders)
        return self.session

    @property
    def cycles(self) -> int:
        """How many cycles the book has."""
        return self.lane.desk.watch.status().cycles

    @property
    def session(self) -> Session:
        """The session that runs."""
        session = self.lane.desk.watch.status().session
        if session is None:
            raise AssertionError("no session has begun")
        return session

    # what may happen ---------------------------------------------------------

    def fault(self, name: str) -> None:
        """Put rules into force."""
        self._rules[name] = self.lane.exchange.add(*FAULTS[name])

    def meet(self, name: str) -> None:
        """Put rules into force until one of them has acted, or for as long as patience lasts."""
        self.fault(name)
        end = time.monotonic() + _FAULT_PATIENCE_S
        while not any(self.lane.exchange.fired(self._rules[name])) and time.monotonic() < end:
            time.sleep(_LOOK_S)
        self.end_faults()

    def fees_in_bnb(self) -> None:
        """From now on fees are paid in a coin that is traded itself."""
        self.lane.exchange.add({"fault": "fee_asset", "asset": "BNB"})

    def end_faults(self) -> None:
        """End all rules but the one of the fees; note how often each acted."""
        for name, rules in self._rules.items():
            fired = sum(self.lane.exchange.fired(rules))
            self.played.faults[name] = self.played.faults.get(name, 0) + fired
            self.lane.exchange.remove(rules)
        self._rules.clear()

    def ask(self, symbol: str, side: Side | None, quantity: str | None = None) -> None:
        """A person asks for an order, and what comes of it is noted; without a side the strategy decides."""
        steering, amount = self.lane.desk.steering, None if quantity is None else Decimal(quantity)
        asked = steering.trade(symbol, amount, side, actor="proof", channel="proof", timeout_s=_PATIENCE_S)
        try:
            self.played.commands.append(asyncio.run(asked).text)
        except CommandTimeout as error:
            self.played.commands.append(str(error))

    def rest(self, symbol: str) -> None:
        """A person has an entry rest below the price."""
        self._do("an entry that rests", lambda: self._limit(symbol, dry_run=False))

    def try_out(self, symbol: str) -> None:
        """A person asks what would happen."""
        self._do("a dry run", lambda: self._limit(symbol, dry_run=True))

    def protect(self) -> None:
        """A person moves stop and target of what is held."""
        self._do("levels", lambda: self._move(_ABOVE_TRAILING, Decimal("1.03")))

    def back_to_settings(self) -> None:
        """A person takes levels back."""
        self._do("levels taken back", lambda: self._move(None, None))

    def restrict(self, symbol: str, *, on: bool) -> None:
        """A person lets nothing of a symbol be bought, or again."""
        self.lane.desk.steering.reduce_only([symbol], "a drill", on=on, actor="proof")
        self._note("reduce-only")

    def cancel(self, symbol: str) -> None:
        """A person has an entry rest, and cancels it."""
        self._do("a cancel", lambda: self._cancel(symbol))

    def flatten(self) -> None:
        """A person has everything sold, and resumes once trading is halted."""
        steering = self.lane.desk.steering
        result = asyncio.run(
            steering.flatten("a drill", actor="proof", channel="proof", timeout_s=_FLATTEN_S)
        )
        self.played.commands.append(result.text)
        if self.lane.desk.watch.status().control.state is not TradingState.HALTED:
            raise AssertionError(f"a flatten ended without a halt: {result.text}")
        self._note("a flatten")
        self.resume()

    def _do(self, kind: str, ask: Callable[[], CommandResult | None]) -> None:
        """Ask until it is done once, or for as long as patience lasts."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            result = ask()
            if result is not None and result.status is CommandStatus.DONE:
                self.played.commands.append(result.text)
                self._note(kind)
                return
            time.sleep(_LOOK_S)

    def _note(self, kind: str) -> None:
        self.played.acts[kind] = self.played.acts.get(kind, 0) + 1

    def _limit(self, symbol: str, *, dry_run: bool) -> CommandResult | None:
        price = self.lane.desk.watch.last_price(symbol)
        if price is None:
            return None
        return self._answered(
            self.lane.desk.steering.trade(
                symbol,
                None,
                Side.BUY,
                actor="proof",
                channel="proof",
                limit_price=(price * Decimal("0.999")).quantize(_CENT, ROUND_DOWN),
                time_limit_s=20,
                dry_run=dry_run,
                timeout_s=_PATIENCE_S,
            )
        )

    def _move(self, stop: Decimal | None, target: Decimal | None) -> CommandResult | None:
        held = [each for each in self.lane.desk.watch.protection() if each.guards and each.last_price]
        if not held or held[0].last_price is None:
            return None
        price = held[0].last_price
        return self._answered(
            self.lane.desk.steering.protect(
                held[0].symbol,
                stop_price=None if stop is None else (price * stop).quantize(_CENT),
                target_price=None if target is None else (price * target).quantize(_CENT),
                actor="proof",
                channel="proof",
                timeout_s=_PATIENCE_S,
            )
        )

    def _cancel(self, symbol: str) -> CommandResult | None:
        rows = self.lane.desk.watch.orders(limit=50)
        resting = [row for row in rows if row.purpose == Purpose.ENTRY and row.status == OrderStatus.OPEN]
        if not resting:
            self._limit(symbol, dry_run=False)
            return None
        steering = self.lane.desk.steering
        return self._answered(
            steering.cancel(resting[0].client_order_id, actor="proof", channel="proof", timeout_s=_PATIENCE_S)
        )

    def _answered(self, asked: Coroutine[Any, Any, CommandResult]) -> CommandResult | None:
        try:
            return asyncio.run(asked)
        except CommandTimeout:
            return None

    def pause(self) -> None:
        """A person pauses."""
        self.lane.desk.steering.pause("a look at the market", actor="proof")

    def halt(self) -> None:
        """A person halts."""
        self.lane.desk.steering.halt("a drill", actor="proof")

    def resume(self) -> None:
        """A person resumes."""
        self.lane.desk.steering.resume("go on", actor="proof")

    def sell_as_another(self) -> None:
        """Someone else cancels a symbol's protection and sells a part of what the trader bought."""
        end = time.monotonic() + _PATIENCE_S
        while not any(map(self._sell_half, self.lane.desk.watch.positions())):
            if time.monotonic() > end:
                raise AssertionError("nothing could be sold by another")
            time.sleep(_LOOK_S)

    def _sell_half(self, position: Position) -> bool:
        exchange, symbol = self.lane.exchange, position.symbol
        half = (position.quantity / 2).quantize(_LOT, ROUND_DOWN)
        if half <= 0:
            return False
        order = {"symbol": symbol, "side": "SELL", "type": "MARKET", "quantity": str(half)}
        resting = [
            o.order_id for o in exchange.truth().own_orders if o.symbol == symbol and o.status == "NEW"
        ]
        try:
            for order_id in resting[:1]:
                exchange.post("cancel", {"symbol": symbol, "orderId": order_id})
            exchange.post("foreign_order", order)
        except AssertionError:  # the trader was faster: it sold, or protects again
            return False
        self.played.taken.append(f"{half} {symbol}")
        return True

    def kill(self) -> None:
        """`kill -9` at any time, and the next life."""
        self._die()

    def kill_in_the_post(self) -> None:
        """`kill -9` while the exchange has carried an order out and its answer is due."""
        held = IN_THE_POST.held
        if held is None:
            raise AssertionError("the kill holds no answer")
        rules = self.lane.exchange.add(held)
        end = time.monotonic() + _PATIENCE_S
        while self.lane.exchange.fired(rules) == [0] and time.monotonic() < end:
            time.sleep(_LOOK_S)
        self._die()
        self.lane.exchange.remove(rules)

    def _die(self) -> None:
        self.lane.kill()
        self.played.kills += 1
        self._start()

    def _start(self) -> None:
        before = self.lane.completed()
        self.lane.start()
        if not self.lane.await_cycle(before):
            raise AssertionError(f"the trader ended: {self.lane.place.output[-1500:]}")

    def _await(self, cycles: int) -> None:
        while self.cycles < cycles:
            self.lane.check_alive()
            time.sleep(_LOOK_S)
