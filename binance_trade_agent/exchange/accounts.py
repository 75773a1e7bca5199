"""Balances of one account: free and locked, exact, never negative. Pure.

A `Wallet` is a working copy: a change is tried on it, and only when all of it went
through do the caller's balances become the wallet's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.domain.money import ZERO


class InsufficientBalance(Exception):
    """The account has less of the asset free than the action needs."""

    def __init__(self, asset: str) -> None:
        super().__init__(f"not enough {asset}")
        self.asset = asset


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds of one asset."""

    free: Decimal = ZERO
    locked: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Free and locked together."""
        return self.free + self.locked


class Wallet:
    """A working copy of an account's balances that remembers what it changed."""

    def __init__(self, balances: Mapping[str, Balance]) -> None:
        self._before = balances
        self.changed: dict[str, Balance] = {}

    def balance(self, asset: str) -> Balance:
        """The asset's balance with this wallet's changes; zero when never held."""
        return self.changed.get(asset) or self._before.get(asset) or Balance()

    def add(self, asset: str, amount: Decimal) -> None:
        """Change what is free by `amount`, which may be negative; raises `InsufficientBalance`."""
        self._move(asset, amount, ZERO)

    def lock(self, asset: str, amount: Decimal) -> None:
        """Move `amount` from free to locked, or back when negative; raises `InsufficientBalance`."""
        self._move(asset, -amount, amount)

    def _move(self, asset: str, free: Decimal, locked: Decimal) -> None:
        old = self.balance(asset)
        new = Balance(old.free + free, old.locked + locked)
        if new.free < 0 or new.locked < 0:
            raise InsufficientBalance(asset)
        self.changed[asset] = new
