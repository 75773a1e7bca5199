"""What was read last, kept while it cannot have changed: a cycle asks for the same rows again and again."""

from collections.abc import Callable
from typing import Generic, TypeVar

from binance_trade_agent.storage.database import Database

T = TypeVar("T")


class Remembered(Generic[T]):
    """The answer of `read`, asked anew once this `Database` was written to, or told to forget.

    Only for tables that the holder of the trading lease alone writes, and for answers that cannot be changed.
    """

    def __init__(self, database: Database, read: Callable[[], T]) -> None:
        self._database = database
        self._read = read
        self._kept: tuple[int, T] | None = None

    def get(self) -> T:
        """The answer; raises what `read` raises."""
        # of before the read: a write that another thread ends meanwhile makes the answer old
        generation = self._database.generation
        if self._kept is None or self._kept[0] != generation:
            self._kept = generation, self._read()
        return self._kept[1]
