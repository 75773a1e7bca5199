"""What stands between a request and its execution, whatever the transport: rules and statistics."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from binance_trade_agent.exchange.simulator.faults.answers import Answer
from binance_trade_agent.exchange.simulator.faults.book import FaultBook
from binance_trade_agent.exchange.simulator.faults.kinds import Kind
from binance_trade_agent.exchange.simulator.faults.rule import Rule, Seen, Spec
from binance_trade_agent.exchange.simulator.faults.statistics import Statistics
from binance_trade_agent.exchange.simulator.faults.visibility import Visibility
from binance_trade_agent.exchange.simulator.floor import Interference
from binance_trade_agent.exchange.simulator.spot import SpotExchange


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer ready to be sent; `executed` is whether the exchange carried the request out."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    executed: bool = False


class Interceptor:
    """Carries requests out as the rules in force say.

    Whatever a rule does to the answer, what is executed is executed and on disk before that. A request
    is executed in the task that received it, so a client that goes away does not stop it.
    """

    def __init__(
        self, exchange: SpotExchange, book: FaultBook, statistics: Statistics, visibility: Visibility
    ) -> None:
        self._exchange = exchange
        self._book = book
        self._statistics = statistics
        self._visibility = visibility
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Give up the requests that are held or delayed: what is not executed yet never will be."""
        self._closing.set()

    def count_answer(self, method: str, path: str) -> None:
        """Note that an answer is given to an open connection."""
        self._statistics.of(method, path).answered += 1

    async def around(
        self, request: Seen, execute: Callable[[], Reply], render: Callable[[Answer], Reply]
    ) -> Reply | None:
        """The reply to a request, or None when its connection is to be cut.

        `execute` carries it out at the time of the call, `render` puts a scripted answer into the
        transport's form.
        """
        counts = self._statistics.of(request.method, request.path)
        counts.received += 1
        rule = self._book.answering(request)
        if rule is not None and not await self._before(rule):
            return None if rule.spec.answer is None else render(rule.spec.answer)
        reply = self._execute(request, execute)
        counts.executed += reply.executed
        return reply if rule is None else await self._after(rule, reply, render)

    async def _before(self, rule: Rule) -> bool:
        """Wait as the rule says; whether the request is then executed."""
        if rule.spec.kind is Kind.HOLD_BEFORE:
            return await self._hold(rule)
        return rule.spec.kind not in {Kind.ANSWER, Kind.RESET}

    async def _after(self, rule: Rule, reply: Reply, render: Callable[[Answer], Reply]) -> Reply | None:
        match rule.spec.kind:
            case Kind.EXECUTE_THEN_RESET:
                return None
            case Kind.EXECUTE_THEN_ANSWER if rule.spec.answer is not None:
                return render(rule.spec.answer)
            case Kind.DELAY:
                return reply if await self._outlives(asyncio.sleep(rule.spec.delay_s)) else None
            case Kind.HOLD:
                return reply if await self._hold(rule) else None
            case Kind.TRUNCATE:
                return replace(reply, body=reply.body[: len(reply.body) // 2])
            case Kind.EMPTY:
                return replace(reply, status=200, body=b"")
        return reply

    async def _hold(self, rule: Rule) -> bool:
        rule.held += 1
        try:
            return await self._outlives(rule.ended.wait())
        finally:
            rule.held -= 1

    async def _outlives(self, waited: Coroutine[Any, Any, object]) -> bool:
        """Wait; whether that ended before the server began to close."""
        tasks = {asyncio.ensure_future(waited), asyncio.ensure_future(self._closing.wait())}
        _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        return not self._closing.is_set()

    def _execute(self, request: Seen, execute: Callable[[], Reply]) -> Reply:
        rules = self._book.executing(request)
        if not rules:
            return execute()
        before = self._exchange.storage.last_ids().order
        with self._exchange.interfered(_interference([rule.spec for rule in rules])):
            reply = execute()
        after = self._exchange.storage.last_ids().order
        hidden_s = max(rule.spec.delay_s for rule in rules)  # 0 for the other kinds
        if hidden_s > 0:
            self._visibility.hide(range(before + 1, after + 1), hidden_s)
        return reply


def _interference(specs: Sequence[Spec]) -> Interference:
    shares = [spec.share for spec in specs if spec.kind is Kind.PARTIAL]
    ends = [spec.reason for spec in specs if spec.kind is Kind.EXPIRE]
    return Interference(min(shares, default=None), bool(ends), ends[0] if ends else "")
