"""Somebody who steers while the trader lives and dies: orders, levels, cancels and flattens, each with a key.

Nothing waits for an answer: an act is stored, and how it ended is read from the audit. Each has an actor
of its own, by which its order, its cancel and its levels are found again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal

from binance_trade_agent.bootstrap.desk import Desk
from binance_trade_agent.control.steering import CommandTimeout
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.orders import OrderStatus, Purpose, Side
from binance_trade_agent.domain.records import CommandResult

CHANNEL = "proof"
#: An act that was obeyed so much later is obeyed in time: "within a second".
OBEYED_S = 1.0
_MOST_RESTRICTED = 2
_REPEATED_SHARE = 0.3
_RECENT = 12
_CENT = Decimal("0.01")

#: What is done how often; what a kill waits for is done `_PREFERRED` times as often.
WEIGHTS: Mapping[str, int] = {
    "buy": 3,
    "sell": 1,
    "limit": 4,
    "dry run": 2,
    "protect": 6,
    "back to settings": 1,
    "reduce-only": 1,
    "cancel": 2,
}
_PREFERRED = 12
FLATTEN = "flatten"


@dataclass(slots=True)
class Asked:
    """An act that was asked for. `stop` and `target` are those of a `protect`."""

    kind: str
    actor: str
    symbol: str
    at: datetime
    again: Callable[[], None]
    stop: Decimal | None = None
    target: Decimal | None = None
    repeats: int = 0


@dataclass(slots=True)
class Restriction:
    """A time in which nothing of `symbol` may be bought; without an end it lasts."""

    symbol: str
    since: datetime
    until: datetime | None = None


class Person:
    """Asks at the desk for one thing after another; `by_hand` are symbols that no strategy trades."""

    def __init__(
        self, desk: Callable[[], Desk], symbols: tuple[str, ...], by_hand: tuple[str, ...], rng: random.Random
    ) -> None:
        self._desk, self._symbols, self._by_hand, self._rng = desk, symbols, by_hand, rng
        self.asked: list[Asked] = []
        self.restrictions: list[Restriction] = []
        self.flattening: Asked | None = None
        #: What a key did that must not have done anything.
        self.refused_keys: list[str] = []

    def step(self, preferred: str = "") -> None:
        """One act, or an earlier one again; while a flatten goes on, only repetitions."""
        if self.asked and (self.flattening or self._rng.random() < _REPEATED_SHARE):
            self._repeat(self._rng.choice(self.asked[-_RECENT:]))
            return
        weights = [weight * (_PREFERRED if kind == preferred else 1) for kind, weight in WEIGHTS.items()]
        (kind,) = self._rng.choices(list(WEIGHTS), weights)
        acts = {
            "buy": self._buy,
            "sell": self._sell,
            "limit": self._limit,
            "dry run": self._dry_run,
            "protect": self._protect,
            "back to settings": self._back_to_settings,
            "reduce-only": self._reduce_only,
            "cancel": self._cancel,
        }
        acts[kind]()

    def flatten(self) -> Asked:
        """Ask for everything to be sold."""
        asked = self._ask(
            FLATTEN,
            "",
            lambda actor: self._desk().steering.flatten(
                "a drill", actor=actor, channel=CHANNEL, idempotency_key=actor, timeout_s=0.0
            ),
        )
        self.flattening = asked
        return asked

    def resume(self) -> None:
        """Trade again after a flatten."""
        self.flattening = None
        self._desk().steering.resume("go on", actor="proof", channel=CHANNEL)

    @property
    def restricted(self) -> set[str]:
        """The symbols that must be reduce-only now."""
        return {each.symbol for each in self.restrictions if each.until is None}

    # the acts -------------------------------------------------------------------

    def _buy(self) -> None:
        self._trade("buy", self._some_symbol(), Side.BUY)

    def _sell(self) -> None:
        self._trade("sell", self._some_symbol(), Side.SELL)

    def _dry_run(self) -> None:
        side = self._rng.choice((Side.BUY, Side.SELL))
        self._trade("dry run", self._some_symbol(), side, dry_run=True)

    def _limit(self) -> None:
        symbol = self._some_symbol()
        price = self._price(symbol, *self._rng.choice(((-0.0008, 0.0002), (-0.02, -0.005))))
        if price is not None:
            self._trade("limit", symbol, Side.BUY, limit_price=price, time_limit_s=self._rng.randint(2, 60))

    def _trade(
        self,
        kind: str,
        symbol: str,
        side: Side,
        *,
        limit_price: Decimal | None = None,
        time_limit_s: int | None = None,
        dry_run: bool = False,
    ) -> None:
        self._ask(
            kind,
            symbol,
            lambda actor: self._desk().steering.trade(
                symbol,
                None,
                side,
                actor=actor,
                channel=CHANNEL,
                idempotency_key=actor,
                limit_price=limit_price,
                time_limit_s=time_limit_s,
                dry_run=dry_run,
                timeout_s=0.0,
            ),
        )

    def _protect(self) -> None:
        symbol = self._held_symbol()
        if symbol is None or self._desk().watch.last_price(symbol) is None:
            self._buy()
            return
        which = self._rng.choice(("stop", "stop", "target", "both"))
        # a stop that trails is never lowered: some must lie above it
        below = self._rng.choice(((-0.03, -0.004), (-0.003, -0.001)))
        stop = None if which == "target" else self._price(symbol, *below)
        target = None if which == "stop" else self._price(symbol, 0.004, 0.03)
        self._move("protect", symbol, stop, target)

    def _back_to_settings(self) -> None:
        symbol = self._held_symbol()
        if symbol is not None:
            self._move("back to settings", symbol, None, None)

    def _move(self, kind: str, symbol: str, stop: Decimal | None, target: Decimal | None) -> None:
        asked = self._ask(
            kind,
            symbol,
            lambda actor: self._desk().steering.protect(
                symbol,
                stop_price=stop,
                target_price=target,
                actor=actor,
                channel=CHANNEL,
                idempotency_key=actor,
                timeout_s=0.0,
            ),
        )
        asked.stop, asked.target = stop, target

    def _cancel(self) -> None:
        rows = [row for row in self._desk().watch.orders(limit=200) if row.status == OrderStatus.OPEN]
        # what the strategies trade has ended before anybody can cancel it
        rows = [row for row in rows if row.symbol in self._by_hand] or rows
        if not rows or not any(row.purpose == Purpose.ENTRY for row in rows):
            self._limit()
        if not rows:
            return
        entries = [row for row in rows if row.purpose == Purpose.ENTRY]
        row = self._rng.choice(entries or rows)
        self._ask(
            "cancel",
            row.symbol,
            lambda actor: self._desk().steering.cancel(
                row.client_order_id,
                actor=actor,
                channel=CHANNEL,
                force=row.purpose != Purpose.ENTRY,
                idempotency_key=actor,
                timeout_s=0.0,
            ),
        )

    def _reduce_only(self) -> None:
        """Restrict a symbol, or lift the oldest restriction."""
        lasting = [each for each in self.restrictions if each.until is None]
        if len(lasting) >= _MOST_RESTRICTED:
            lasting[0].until = datetime.now(tz=UTC)
            self._restrict(lasting[0].symbol, on=False)
            return
        symbol = self._rng.choice([name for name in self._symbols if name not in self.restricted])
        self._restrict(symbol, on=True)
        self.restrictions.append(Restriction(symbol, datetime.now(tz=UTC)))

    def _restrict(self, symbol: str, *, on: bool) -> None:
        async def restrict(actor: str) -> None:
            self._desk().steering.reduce_only(
                [symbol], "a drill", on=on, actor=actor, channel=CHANNEL, idempotency_key=actor
            )

        self._ask("reduce-only" if on else "reduce-only off", symbol, restrict)

    # how they are asked for -------------------------------------------------------

    def _ask(self, kind: str, symbol: str, ask: Callable[[str], Awaitable[CommandResult | None]]) -> Asked:
        actor = f"p{len(self.asked) + 1}"

        async def asking() -> None:
            await ask(actor)

        def send() -> None:
            try:
                asyncio.run(asking())
            except CommandTimeout:
                return

        asked = Asked(kind, actor, symbol, datetime.now(tz=UTC), send)
        self.asked.append(asked)
        send()
        return asked

    def _repeat(self, asked: Asked) -> None:
        asked.repeats += 1
        try:
            asked.again()
        except ConfigurationError as error:
            self.refused_keys.append(f"{asked.kind} {asked.actor}: {error}")

    def _some_symbol(self) -> str:
        return self._rng.choice(
            self._by_hand if self._by_hand and self._rng.random() < 0.7 else self._symbols
        )

    def _held_symbol(self) -> str | None:
        held = [p.symbol for p in self._desk().watch.protection() if p.guards]
        by_hand = [symbol for symbol in held if symbol in self._by_hand]
        return self._rng.choice(by_hand or held) if held else None

    def _price(self, symbol: str, least: float, most: float) -> Decimal | None:
        """A price that lies between these shares of the last one away from it."""
        last = self._desk().watch.last_price(symbol)
        if last is None:
            return None
        share = Decimal(str(round(1 + self._rng.uniform(least, most), 6)))
        return (last * share).quantize(_CENT, ROUND_DOWN)
