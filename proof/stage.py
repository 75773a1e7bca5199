"""The stage of one fault: the real trader and exchange as processes, orders on request, everything measured."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from binance_trade_agent.control.steering import CommandTimeout
from binance_trade_agent.control.watching import Watch
from binance_trade_agent.domain.orders import OrderStatus, Purpose, Side
from binance_trade_agent.domain.records import CommandResult, OrderRow
from proof.comparison import compare, read_books
from proof.lane import TRADER, UNRESTRAINED, Lane, lane

SYMBOL, BASE = "BTCUSDT", "BTC"
#: Window and grace: after it an absence is conclusive.
WINDOW_AND_GRACE_S = 62.0
ORDER = "/api/v3/order"
REPLACE = "/api/v3/order/cancelReplace"
OCO = "/api/v3/orderList/oco"

#: Orders on request only; answers are due within 2 s, so that a late one is soon late.
SETTINGS: Mapping[str, str] = {
    **UNRESTRAINED,
    "TRADING_SYMBOLS": "BTCUSDT,ETHUSDT",
    "STRATEGY_NAME": "idle",
    "TRADING_INTERVAL_SECONDS": "0.7",
    "CANDLE_INTERVAL": "1s",
    "CANDLE_HISTORY": "50",
    "BINANCE_REQUEST_TIMEOUT_SECONDS": "2",
    "BINANCE_RECV_WINDOW_MS": "2000",
    "SIMULATOR_BALANCES": "USDT=10000,BNB=0",
    "SIMULATOR_VOLATILITY": "0.00002",
    "STOP_LOSS_SHARE": "0",
    "TAKE_PROFIT_SHARE": "0",
}
#: The same with an OCO at the exchange for each entry.
PROTECTED: Mapping[str, str] = {"STOP_LOSS_SHARE": "0.05", "TAKE_PROFIT_SHARE": "0.10"}

#: How long a row waits for anything that is due at once; the machine may be busy.
PATIENCE_S = 45.0
_LOOK_S = 0.05
_POSTS = (ORDER, REPLACE, OCO)

#: Reasons of decisions that saw the market.
_WITH_DATA = {"idle", "no_new_candle"}


class Stage:
    """What a row can do and see. `check` notes each claim; a row passes when all of them hold."""

    def __init__(self, opened: Lane, patience_s: float = PATIENCE_S) -> None:
        self.lane = opened
        self._patience_s = patience_s
        self.exchange = opened.exchange
        self.did: list[str] = []
        self.failures: list[str] = []
        self._rules: dict[int, str] = {}
        self._unfired: set[int] = set()
        self._paths: dict[str, list[str]] = {}
        #: Whether a difference may have been booked that nothing explains to a trader that was not there.
        self.unexplained_allowed = False
        #: key -> how it is asked for, with the time to wait for the answer (s)
        self._asked: dict[str, Callable[[str, float], Awaitable[CommandResult]]] = {}

    @property
    def watch(self) -> Watch:
        """The books that the trader keeps now."""
        return self.lane.desk.watch

    # what a row does ---------------------------------------------------------

    def fault(self, kind: str, **arguments: Any) -> int:
        """Put a rule into force; it must have acted by the end."""
        (rule,) = self.exchange.add({"fault": kind, **arguments})
        self._rules[rule] = kind
        self._unfired.add(rule)
        return rule

    def end_fault(self, rule: int) -> None:
        """End a rule and release what it holds."""
        self._note_fired()
        self.exchange.remove([rule])
        self._rules.pop(rule)

    def await_fault(self, rule: int, times: int = 1) -> None:
        """Wait until a rule has acted."""
        self.until(lambda: self.exchange.fired([rule])[0] >= times, "the fault acts")

    def send(self, side: Side, quantity: Decimal | None = None, symbol: str = SYMBOL) -> str:
        """Ask the trader for an order, without waiting; the request's key."""
        return self._send(
            lambda key, timeout_s: self.lane.desk.steering.trade(
                symbol,
                quantity,
                side,
                actor="proof",
                channel="proof",
                idempotency_key=key,
                timeout_s=timeout_s,
            )
        )

    def rest(self, price: Decimal, time_limit_s: int = 600) -> CommandResult:
        """An entry by hand that rests at `price`, and what came of it."""
        key = self._send(
            lambda key, timeout_s: self.lane.desk.steering.trade(
                SYMBOL,
                None,
                Side.BUY,
                actor="proof",
                channel="proof",
                idempotency_key=key,
                limit_price=price,
                time_limit_s=time_limit_s,
                timeout_s=timeout_s,
            )
        )
        return self.answer(key)

    def move_stop(self, price: Decimal) -> CommandResult:
        """A stop by hand, and what came of it."""
        key = self._send(
            lambda key, timeout_s: self.lane.desk.steering.protect(
                SYMBOL,
                stop_price=price,
                actor="proof",
                channel="proof",
                idempotency_key=key,
                timeout_s=timeout_s,
            )
        )
        return self.answer(key)

    def cancel(self, client_order_id: str) -> CommandResult:
        """A cancel by hand, and what came of it."""
        key = self._send(
            lambda key, timeout_s: self.lane.desk.steering.cancel(
                client_order_id,
                actor="proof",
                channel="proof",
                idempotency_key=key,
                timeout_s=timeout_s,
            )
        )
        return self.answer(key)

    def answer(self, key: str, within_s: float | None = None) -> CommandResult:
        """What came of the request."""
        self.until(lambda: self._done(key), "the trader answers the request", within_s)
        return self._ask(key, 1.0)

    def buy(self, quantity: Decimal | None = None) -> CommandResult:
        """A BUY and what came of it."""
        return self.answer(self.send(Side.BUY, quantity))

    def sell(self, quantity: Decimal | None = None) -> CommandResult:
        """A SELL and what came of it."""
        return self.answer(self.send(Side.SELL, quantity))

    def start(self) -> None:
        """Start the trader and wait for its next completed cycle."""
        before = self.lane.completed()
        self.lane.start()
        if not self.lane.await_cycle(before):
            raise AssertionError(f"the trader ended: {self.lane.place.output[-800:]}")

    def cycle(self, count: int = 1) -> None:
        """Wait for completed cycles that began after now."""
        number = max((row.number for row in self.watch.cycles(limit=1)), default=0)
        self.until(
            lambda: any(
                row.number >= number + count and row.finished_at is not None
                for row in self.watch.cycles(limit=5)
            ),
            "the next cycle",
        )

    def until(self, probe: Callable[[], object], what: str, within_s: float | None = None) -> None:
        """Wait for something; what the orders go through meanwhile is noted."""
        within_s = within_s or self._patience_s
        end = time.monotonic() + within_s
        while not probe():
            self._observe()
            self.lane.check_alive()
            if time.monotonic() > end:
                raise AssertionError(f"not within {within_s:.0f} s: {what}")
            time.sleep(_LOOK_S)
        self._observe()

    # what a row sees -----------------------------------------------------------

    def orders(self, *purposes: Purpose) -> list[OrderRow]:
        """Journal rows, oldest first; of these purposes only, if any are named."""
        rows = [row for row in self.watch.orders(limit=1000) if not purposes or row.purpose in purposes]
        return sorted(rows, key=lambda row: (row.created_at, row.client_order_id))

    def last(self, *purposes: Purpose) -> OrderRow:
        """The newest journal row of these purposes, entries and exits unless given."""
        self._observe()
        return self.orders(*(purposes or (Purpose.ENTRY, Purpose.EXIT)))[-1]

    def held(self) -> Decimal:
        """What the ledger holds of the symbol."""
        return next((p.quantity for p in self.watch.positions() if p.symbol == SYMBOL), Decimal(0))

    def posts(self) -> int:
        """How many requests for new orders the exchange received."""
        return sum(self.exchange.received("POST", path) for path in _POSTS)

    def incidents(self) -> set[str]:
        """Kinds of the incidents that are open."""
        return {incident.key.partition(":")[0] for incident in self.watch.status().incidents}

    def reasons(self, symbol: str = SYMBOL) -> set[str]:
        """Reason codes of the symbol's latest decisions."""
        return {row.reason_code for row in self.watch.decisions(limit=6, symbol=symbol)}

    def await_data(self, within_s: float | None = None) -> None:
        """Wait until the latest decisions had all they need."""
        try:
            self.until(lambda: self.reasons() <= _WITH_DATA, "decisions have data again", within_s)
        except AssertionError as error:
            told = "; ".join(f"{row.reason_code}: {row.reason}" for row in self.watch.decisions(limit=6))
            raise AssertionError(f"{error}; the latest say {told}") from error

    def price(self) -> Decimal:
        """The symbol's last price at the exchange, as the latest decision saw it."""
        prices = [d.price for d in self.watch.decisions(limit=20, symbol=SYMBOL) if d.price is not None]
        return prices[0]

    # what a row claims -----------------------------------------------------------

    def check(self, holds: bool, claim: str) -> None:
        """Note a claim; one that does not hold fails the row."""
        if not holds:
            self.failures.append(claim)

    def expect_status(self, status: OrderStatus, within_s: float | None = None) -> OrderRow:
        """Wait until the newest entry or exit is in this state."""
        try:
            self.until(lambda: self.last().status == status, f"the order is {status}", within_s)
        except AssertionError:
            self.check(False, f"the order is {self.last().status} ({self.last().reason}), not {status}")
        return self.last()

    def expect_posts(self, count: int) -> None:
        """So many requests for new orders, no more."""
        posts = self.posts()
        self.check(posts == count, f"{posts} POSTs, not {count}")

    def expect_locked(self) -> None:
        """A further BUY is not sent, for the reason of the unresolved order."""
        posts = self.posts()
        result = self.buy()
        self.check(
            result.details.get("reason") == "unresolved_order",
            f"a second BUY was {result.details.get('outcome')}: {result.text}",
        )
        self.check(self.posts() == posts, "a second BUY was sent while the first was unresolved")
        self.did.append("symbol locked")

    def expect_free(self) -> None:
        """A further BUY goes through."""
        result = self.buy()
        self.check(result.details.get("outcome") == "placed", f"a later BUY: {result.text}")
        self.did.append("then bought again")

    def expect_honest(self) -> None:
        """Right now the books say nothing that is not so: what they do not know yet is pending."""
        found = self.lane.compare()
        self.check(not found.faults, f"at once: {found}")

    def expect_equal(self, within_s: float | None = None) -> None:
        """Exchange and books agree in everything, with nothing pending."""
        found = None

        def agree() -> bool:
            nonlocal found
            books = read_books(self.watch)
            if self.unexplained_allowed:
                books = replace(books, unexplained=())
            found = compare(self.exchange.truth(), books)
            return not found.faults and not found.pending

        try:
            self.until(agree, "the books agree", within_s)
        except AssertionError:
            self.check(False, f"books: {found}; pending {found.pending if found else ''}")

    def finish(self) -> None:
        """The claims of every row: its faults acted, nothing lost, nothing doubled."""
        self._note_fired()
        for rule in sorted(self._unfired):
            self.check(False, f"the fault {self._rules.get(rule, rule)} never acted")
        self.exchange.clear()
        self.expect_equal()
        given_up = [path for path in self._paths.values() if _GIVEN_UP & set(path[:-1])]
        self.check(not given_up, f"given up too early: {given_up}")

    # measured for the table ----------------------------------------------------------

    def told(self) -> str:
        """What the trader did: requests, and the states its orders went through."""
        paths = [" > ".join(path) for path in self._paths.values()]
        return ", ".join([f"{self.posts()} POST", *paths[:3], *dict.fromkeys(self.did)])

    def at_exchange(self) -> str:
        """Orders at the exchange by state."""
        return _counted(order.status for order in self.exchange.truth().own_orders)

    def in_journal(self) -> str:
        """Orders in the journal by state."""
        return _counted(row.status for row in self.orders())

    def _observe(self) -> None:
        for row in self.orders(Purpose.ENTRY, Purpose.EXIT):
            path = self._paths.setdefault(row.client_order_id, [])
            if not path or path[-1] != row.status:
                path.append(row.status)

    def _note_fired(self) -> None:
        for rule in self.exchange.get("faults"):
            if int(rule["fired"]) or rule["fault"] in _LASTING:
                self._unfired.discard(int(rule["id"]))

    def _send(self, ask: Callable[[str, float], Awaitable[CommandResult]]) -> str:
        key = uuid.uuid4().hex
        self._asked[key] = ask
        if self._done(key, 0.0) is not None:
            raise AssertionError("an answer before the question")
        return key

    def _done(self, key: str, timeout_s: float = _LOOK_S / 5) -> CommandResult | None:
        try:
            return self._ask(key, timeout_s)
        except CommandTimeout:
            return None

    def _ask(self, key: str, timeout_s: float) -> CommandResult:
        async def asking() -> CommandResult:
            return await self._asked[key](key, timeout_s)

        return asyncio.run(asking())


#: States from which no order returns, unless it was given up too early.
_GIVEN_UP = frozenset({OrderStatus.NOT_PLACED.value, OrderStatus.REJECTED.value})

#: Rules that act as long as they exist, whether or not a request meets them.
_LASTING = frozenset(
    {"clock", "rules", "stream_silent", "stream_refuse", "stream_duplicate", "stream_reorder", "fee_asset"}
)


def _counted(statuses: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for status in statuses:
        counts[status] = counts.get(status, 0) + 1
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "none"


@contextmanager
def stage(
    folder: Path, settings: Mapping[str, str], *, program: str = TRADER, patience_s: float = PATIENCE_S
) -> Iterator[Stage]:
    """A stage in a folder of its own, the trader not started."""
    with lane(folder, {**SETTINGS, **settings}, program=program) as opened:
        yield Stage(opened, patience_s)
