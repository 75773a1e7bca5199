"""What is held and what guards it, as several pages show it.

One rule for dust, what is too little to be sold: it is no open position where positions are counted, and it counts in
every amount of money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.control.watching import Watch
from binance_trade_agent.domain.portfolio import Position


@dataclass(frozen=True, slots=True)
class Holding:
    """A position that is held; `last_price` is that of its symbol's newest decision."""

    position: Position
    protection: Protection | None

    @property
    def last_price(self) -> Decimal | None:
        """In quote currency."""
        return self.protection.last_price if self.protection else None

    @property
    def value(self) -> Decimal:
        """In quote currency; what it cost, while no price is known."""
        last = self.last_price
        return self.position.cost if last is None else self.position.quantity * last

    @property
    def gain(self) -> Decimal | None:
        """Not realised, in quote currency."""
        return None if self.last_price is None else self.position.unrealised(self.last_price)

    @property
    def is_dust(self) -> bool:
        """Whether it is too little to be sold, by its symbol's rules."""
        return self.protection is not None and self.protection.is_dust


def holdings(watch: Watch) -> tuple[Holding, ...]:
    """All of them, dust last.

    Raises:
        StorageError: the database cannot be read.
    """
    guarded = {protection.symbol: protection for protection in watch.protection()}
    held = [
        Holding(position, guarded.get(position.symbol))
        for position in watch.positions()
        if position.quantity > 0
    ]
    return tuple(sorted(held, key=lambda holding: (holding.is_dust, holding.position.symbol)))


def parted(held: Sequence[Holding]) -> tuple[tuple[Holding, ...], tuple[Holding, ...]]:
    """Open positions, and dust."""
    return (
        tuple(holding for holding in held if not holding.is_dust),
        tuple(holding for holding in held if holding.is_dust),
    )


def besides(dust: int) -> str:
    """Where dust is left out of a number, in words; empty without any."""
    return f"and {dust} of dust" if dust else ""


def quote_of(watch: Watch) -> str:
    """The currency of all prices and amounts; nothing before the first equity."""
    equity = watch.status().equity
    return equity.quote if equity else ""
