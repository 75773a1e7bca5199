"""A synthetic order book round the last price, the same for the same symbol, moment and price.

The spread is 0.2 basis points, at least one tick; levels stand 0.3 to 0.6 basis points
apart (at least one tick) and hold 2,000 to 24,000 US dollars each, more the deeper they
are. A book of 100 levels so carries about a million dollars within half a percent: a
retail order fills near the top and a large one pays for its size.
"""

from collections.abc import Iterator
from decimal import Decimal
from zlib import crc32

from binance_trade_agent.exchange.simulator.market.base import Depth, Level
from binance_trade_agent.exchange.simulator.market.rules import QUOTE_USD, Grid, split_symbol

MAX_LEVELS = 1000

_MASK = (1 << 64) - 1


def synthetic_depth(symbol: str, last_price: Decimal, grid: Grid, update_id: int, limit: int) -> Depth:
    """The book after update `update_id`, `limit` levels a side (at most 1,000, at least 1).

    A shorter limit is a prefix of a longer one. `update_id` must rise when price or time do.
    """
    _, quote = split_symbol(symbol)
    levels = max(1, min(limit, MAX_LEVELS))
    last = int(last_price / grid.tick)
    spread = max(1, last // 50_000)
    bid = max(1, last - spread // 2)
    usd = last_price * QUOTE_USD[quote]
    seed = (crc32(symbol.encode()) << 32) ^ update_id
    bids = _side(bid, -1, seed, usd, grid, levels)
    asks = _side(bid + spread, 1, ~seed & _MASK, usd, grid, levels)
    return Depth(last_update_id=update_id, bids=tuple(bids), asks=tuple(asks))


def _side(best: int, direction: int, seed: int, usd: Decimal, grid: Grid, levels: int) -> Iterator[Level]:
    price = best
    gap = max(1, best // 33_000)
    smallest = 2000 / usd / grid.step
    for level in range(levels):
        noise = _mix(seed + level)
        if price < 1:
            return
        # sizes from 1 to 6 times the smallest, growing to twice that at level 100
        share = (100 + noise % 500) * (100 + min(level, 100))
        quantity = max(1, int(smallest * share / 10_000))
        yield Level(price * grid.tick, quantity * grid.step)
        price += direction * (gap + (noise >> 32) % (gap + 1))


def _mix(value: int) -> int:
    """SplitMix64: 64 well-spread bits from a counter (Steele, Lea, Flood 2014)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
