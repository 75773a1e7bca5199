"""Columns of the candle windows that risk looks at, made once and extended as candles close."""

from collections.abc import Sequence

from binance_trade_agent.domain.market import Candle
from binance_trade_agent.strategies.base import Candles


class Windows:
    """The newest candles of each symbol as arrays. It only saves work: columns depend on the window alone."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Sequence[Candle], int, Candles]] = {}

    def columns(self, symbol: str, window: Sequence[Candle], count: int) -> Candles:
        """The last `count` candles of the symbol's window."""
        known = self._known.get(symbol)
        if known is not None and known[0] is window and known[1] == count:
            return known[2]
        columns = Candles.following(window[-count:], None if known is None else known[2])
        self._known[symbol] = (window, count, columns)
        return columns
