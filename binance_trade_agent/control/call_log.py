"""Keeps the calls over MCP without holding them up: a bounded queue, and one thread that writes what is in it.

What waits is written within a second, and at once where a caller waits for it. A database that cannot be
written holds nobody up: the rows wait, the oldest are given up when there is no more room, and it is told once a minute.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from datetime import timedelta

from binance_trade_agent.domain.errors import TradeAgentError
from binance_trade_agent.domain.tool_calls import ToolCall
from binance_trade_agent.ports import Clock, ToolCalls

_KEPT = 100_000
_KEPT_FOR = timedelta(days=90)
_PRUNED_AT_ONCE = 1000
_PRUNE_EACH_S = 60.0
_COMPLAIN_EACH_S = 60.0
_BATCH_S = 1.0
_ROOM = 10_000
_FLUSH_S = 5.0


class CallKeeper:
    """Writes calls to the book, and prunes it in small steps."""

    def __init__(
        self, calls: ToolCalls, clock: Clock, *, keep: int = _KEPT, keep_for: timedelta = _KEPT_FOR
    ) -> None:
        self._calls = calls
        self._clock = clock
        self._keep = keep
        self._keep_for = keep_for
        self._prune_at = clock.monotonic()

    def keep(self, calls: Sequence[ToolCall]) -> None:
        """Write calls, and each minute let go of some that are too many or too old; raises `StorageError`."""
        self._calls.write(calls)
        now = self._clock.monotonic()
        if now >= self._prune_at:
            pruned = self._calls.prune(
                older_than=self._clock.now() - self._keep_for, keep=self._keep, at_most=_PRUNED_AT_ONCE
            )
            # more than a step is left: the next batch goes on
            self._prune_at = now if pruned >= _PRUNED_AT_ONCE else now + _PRUNE_EACH_S


class CallLog:
    """The queue and its thread, which starts with the first call. Safe to use from several threads."""

    def __init__(
        self,
        keeper: Callable[[], CallKeeper],
        complain: Callable[[str], None],
        *,
        room: int = _ROOM,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`keeper` may raise `TradeAgentError`: the database cannot be used now."""
        self._keeper = keeper
        self._complain = complain
        self._room = room
        self._monotonic = monotonic
        self._complain_at = monotonic()
        self._changed = threading.Condition()
        self._waiting: deque[ToolCall] = deque()
        self._promised: list[Future[None]] = []
        self._given_up = 0
        self._thread: threading.Thread | None = None

    def note(self, call: ToolCall) -> None:
        """Write `call` within a second or so; never waits."""
        with self._changed:
            self._add(call)

    def settle(self, call: ToolCall) -> "Future[None]":
        """Write `call` now; done once that was tried, also where it failed."""
        promise: Future[None] = Future()
        with self._changed:
            self._promised.append(promise)
            self._add(call)
        return promise

    def flush(self) -> None:
        """Wait until all that was noted has been tried to be written, 5 s at most."""
        promise: Future[None] = Future()
        with self._changed:
            if self._thread is None:
                return
            self._promised.append(promise)
            self._changed.notify()
        wait((promise,), _FLUSH_S)

    def _add(self, call: ToolCall) -> None:
        self._waiting.append(call)
        while len(self._waiting) > self._room:
            self._waiting.popleft()
            self._given_up += 1
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="tool calls", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while True:
            batch, promised = self._next()
            try:
                self._write(batch)
            finally:  # whatever a row does to this thread, nobody waits for it, and the next call starts another
                for promise in promised:
                    promise.set_result(None)

    def _next(self) -> tuple[list[ToolCall], "list[Future[None]]"]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._promised)
            self._changed.wait_for(lambda: self._promised, timeout=_BATCH_S)
            batch, promised = list(self._waiting), self._promised
            self._waiting.clear()
            self._promised = []
            return batch, promised

    def _write(self, batch: list[ToolCall]) -> None:
        try:
            if batch:
                self._keeper().keep(batch)
        except TradeAgentError as error:
            with self._changed:
                self._waiting.extendleft(reversed(batch))
            self._tell(str(error))

    def _tell(self, error: str) -> None:
        now = self._monotonic()
        if now >= self._complain_at:
            self._complain_at = now + _COMPLAIN_EACH_S
            lost = f"; {self._given_up} were given up" if self._given_up else ""
            self._complain(f"calls are not written: {error}{lost}")
