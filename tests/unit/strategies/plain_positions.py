"""The rules that look at what is held, a second time: a plain loop that fills at the next open."""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from binance_trade_agent.domain.decisions import SignalAction
from tests.unit.strategies.indicator_loops import atr
from tests.unit.strategies.plain_rules import BUY, HOLD, SELL, Tape, highest_before, lowest_before, sma

#: What to do, and the part of the position it is about.
Order = tuple[SignalAction, float]
WAIT, ENTER, LEAVE = (HOLD, 1.0), (BUY, 1.0), (SELL, 1.0)


@dataclass(slots=True)
class Held:
    """What was bought, price and time of each, and what the coins that are left cost."""

    prices: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    sold: int = 0
    coins: float = 0.0
    cost: float = 0.0

    @property
    def lots(self) -> int:
        return max(len(self.prices) - self.sold, 1)

    def do(self, order: Order, price: float, time_s: float) -> None:
        action, share = order
        if action is BUY:
            self.prices.append(price)
            self.times.append(time_s)
            self.coins, self.cost = self.coins + 1 / price, self.cost + 1
        elif action is SELL:
            self.coins, self.cost, self.sold = (
                self.coins * (1 - share),
                self.cost * (1 - share),
                self.sold + 1,
            )


#: What to do at candle t with what is held.
Rule = Callable[[int, Held], Order]


def orders_of(rule: Rule, tape: Tape, first: int) -> list[Order]:
    found: list[Order] = []
    held = Held()
    for t in range(first, len(tape.close)):
        if found:
            held.do(found[-1], tape.open[t], tape.opened_s[t])
            if held.coins * tape.open[t] < 1e-9:
                held = Held()
        found.append(rule(t, held))
    return found


def buy_and_hold(tape: Tape) -> Rule:
    return lambda _, held: WAIT if held.prices else ENTER


def dca(tape: Tape) -> Rule:
    def rule(t: int, held: Held) -> Order:
        close = tape.close[t]
        if not held.prices:
            return ENTER
        average = held.cost / held.coins
        if close >= average * 1.03:
            return LEAVE
        late = tape.closed_s[t] - held.times[-1] >= 24 * 3600
        return ENTER if len(held.prices) <= 5 and (late or close <= average * 0.98) else WAIT

    return rule


def turtle(tape: Tape, skip: bool = False) -> Rule:
    n = atr(tape.high, tape.low, tape.close, 20)
    top, low, far = highest_before(tape.high, 20), lowest_before(tape.low, 10), highest_before(tape.high, 55)
    ended = breakouts(tape, n) if skip else []
    ends = [end for _, end, _ in ended]

    def rule(t: int, held: Held) -> Order:
        close = tape.close[t]
        if held.prices:
            if close < low[t] or close < held.prices[-1] - 2 * n[t]:
                return LEAVE
            return ENTER if len(held.prices) < 4 and close >= held.prices[-1] + n[t] / 2 else WAIT
        known = bisect_left(ends, t)
        if known and ended[known - 1][2] and ended[known - 1][0] >= t - 400 and close <= far[t]:
            return WAIT
        return ENTER if close > top[t] else WAIT

    return rule


def breakouts(tape: Tape, n: list[float]) -> list[tuple[float, int, bool]]:
    """Of each breakout that ended: the close under the lows before it, where it ended, whether it won."""
    top, low, found = highest_before(tape.high, 20), lowest_before(tape.low, 10), []
    under = [t for t in range(len(low)) if tape.close[t] < low[t]]
    t = 20
    while t < len(top):
        if tape.close[t] > top[t] and not math.isnan(n[t]):
            entry = tape.close[t]
            end = t + 1
            while end < len(top) and tape.close[end] >= max(low[end], entry - 2 * n[end]):
                end += 1
            place = bisect_left(under, t)
            before = under[place - 1] if place else -math.inf
            if end < len(top):
                found.append((before, end, tape.close[end] > entry))
            t = end
        t += 1
    return found


def grid(tape: Tape, lower: float = 0, upper: float = 0) -> Rule:
    mean = sma(tape.close, 200)

    def rule(t: int, held: Held) -> Order:
        close, before = tape.close[t], tape.close[t - 1]
        anchor = held.prices[0] if held.prices else mean[t]
        bottom, top = (lower, upper) if upper else (anchor * 0.9, anchor * 1.1)
        ladder = [bottom * (top / bottom) ** (i / 10) for i in range(10)] + [top]
        down = [i for i in range(11) if before >= ladder[i] > close]
        up = [i for i in range(11) if before < ladder[i] <= close]
        if not held.prices:
            return ENTER if down and 1 <= down[0] <= 9 else WAIT
        if close < bottom:
            return LEAVE
        distances = [abs(math.log(level / held.prices[0])) for level in ladder]
        # lots lie at this level, and at one more under it each
        lowest_lot = min(max(distances.index(min(distances)), 1), 9) - held.lots + 1
        if up and up[-1] >= max(lowest_lot + 1, 1):
            return SELL, 1 / held.lots
        return ENTER if down and lowest_lot > 1 and down[0] < lowest_lot else WAIT

    return rule
