"""Request weight per address and order counts per account, in Binance's fixed calendar windows.

Windows are counted in exchange time, so a stepped market's minutes are its own. An
address that goes on after 429 is banned: 2 minutes first, twice as long each time, 3 days at most.
"""

from dataclasses import dataclass

from binance_trade_agent.exchange.simulator import errors

WEIGHT_LIMIT = 6000
ORDERS_PER_10S = 100
ORDERS_PER_DAY = 200_000

RATE_LIMITS = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": WEIGHT_LIMIT},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": ORDERS_PER_10S},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": ORDERS_PER_DAY},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000},
)

_MINUTE_MS = 60_000
_FIRST_BAN_MS = 120_000
_LONGEST_BAN_MS = 3 * 86_400_000
_REFUSALS_BEFORE_BAN = 20


@dataclass(slots=True)
class _Address:
    minute: int = -1
    used: int = 0
    refused: int = 0
    bans: int = 0
    banned_until_ms: int = 0


class WeightLimit:
    """The weight that each client address has used in the current minute."""

    def __init__(self) -> None:
        self._addresses: dict[str, _Address] = {}

    def used(self, address: str, now_ms: int) -> int:
        """Weight used so far in the current minute."""
        return self._at(address, now_ms).used

    def charge(self, address: str, weight: int, now_ms: int) -> None:
        """Count a request of `weight`; raises -1003, status 429 over the limit, 418 while banned."""
        entry = self._at(address, now_ms)
        if now_ms < entry.banned_until_ms:
            raise errors.banned(entry.banned_until_ms, _seconds(entry.banned_until_ms - now_ms))
        entry.used += weight
        if entry.used <= WEIGHT_LIMIT:
            return
        entry.refused += 1
        if entry.refused > _REFUSALS_BEFORE_BAN:
            length_ms = min(_FIRST_BAN_MS << entry.bans, _LONGEST_BAN_MS)
            entry.bans = min(entry.bans + 1, 16)
            entry.refused = 0
            entry.banned_until_ms = now_ms + length_ms
            raise errors.banned(entry.banned_until_ms, _seconds(length_ms))
        raise errors.too_much_weight(WEIGHT_LIMIT, _seconds((entry.minute + 1) * _MINUTE_MS - now_ms))

    def refund(self, address: str, weight: int) -> None:
        """Take back the weight of a successful order or cancel, which costs nothing."""
        self._addresses[address].used -= weight

    def _at(self, address: str, now_ms: int) -> _Address:
        entry = self._addresses.setdefault(address, _Address())
        minute = now_ms // _MINUTE_MS
        if entry.minute != minute:
            entry.minute, entry.used, entry.refused = minute, 0, 0
        return entry


@dataclass(slots=True)
class _Window:
    length_ms: int
    limit: int
    name: str
    index: int = -1
    count: int = 0

    def roll(self, now_ms: int) -> None:
        """Start from zero when a new window has begun."""
        if (index := now_ms // self.length_ms) != self.index:
            self.index, self.count = index, 0


class OrderCount:
    """One account's unfilled orders: a first fill as taker takes 1 back, as maker up to 5."""

    def __init__(self) -> None:
        self._windows = (
            _Window(10_000, ORDERS_PER_10S, "10 SECOND"),
            _Window(86_400_000, ORDERS_PER_DAY, "1 DAY"),
        )

    def counts(self, now_ms: int) -> tuple[int, int]:
        """Orders counted in the current 10 seconds and in the current day (UTC)."""
        short, day = self._windows
        short.roll(now_ms)
        day.roll(now_ms)
        return short.count, day.count

    def add(self, now_ms: int, orders: int = 1) -> None:
        """Count new orders; raises -1015 when a window has no room for them."""
        for window in self._windows:
            window.roll(now_ms)
            if window.count + orders > window.limit:
                left_ms = (window.index + 1) * window.length_ms - now_ms
                raise errors.too_many_orders(window.limit, window.name, _seconds(left_ms))
        for window in self._windows:
            window.count += orders

    def first_fill(self, now_ms: int, *, is_maker: bool) -> None:
        """Give back what the first fill of an order earns."""
        for window in self._windows:
            window.roll(now_ms)
            window.count = max(0, window.count - (5 if is_maker else 1))


def _seconds(milliseconds: int) -> int:
    return max(1, -(-milliseconds // 1000))
