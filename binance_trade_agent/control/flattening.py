"""Sells everything the ledger bought, one workflow at a time, then halts.

Each sale goes the way of every order: risk, cancelReplace of its protection, journal. What is
left to do is read from the books before each step, so a flatten that was killed in the middle
goes on where it was, and nothing is sold twice.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from binance_trade_agent.domain.decisions import CycleReport, Decision, Outcome, TradingState
from binance_trade_agent.domain.money import ZERO, to_wire
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import Command, CommandResult, CommandStatus
from binance_trade_agent.orchestrator import OrderRequest, TradingOrchestrator
from binance_trade_agent.ports import Clock, ControlState, Ledger, OrderJournal

_RETRY_S = 2.0
#: How long a process tries to sell what it could not; then the flatten ends, and says what is left.
PATIENCE_S = 120.0
#: A process of its own, while no trader runs, waits so long for an exchange that does not answer at all.
UNREACHED_S = 20.0
#: How often a sale is tried that the exchange refuses.
_MOST_REFUSALS = 3
#: Reasons that no later try would change: too little to sell, or a symbol that is gone.
_TOO_LITTLE = frozenset({"dust", "lot_size", "position"})
_GONE = frozenset({"unknown_symbol", "other_quote"})
#: Reasons of a decision for which the exchange did not answer.
_UNREACHED = frozenset({"unavailable", "no_account"})
_HELD = "held:"


@dataclass(slots=True)
class _Tries:
    """What this process knows of a symbol that it could not sell yet."""

    refusals: int = 0
    again_at: float = -math.inf
    text: str = ""
    is_dust: bool = False
    settled: bool = False


@dataclass(slots=True)
class _Round:
    """The flatten that this process carries out."""

    command: Command
    give_up_at: float
    held: dict[str, Decimal]
    #: When an exchange that has not answered yet is waited for no longer.
    unreached_at: float
    tries: dict[str, _Tries] = field(default_factory=dict)


class Flattening:
    """Carries out flattens; `step` does one sale and tells of it.

    `dust` tells which symbols were too little to be sold when last seen: an exchange that does not answer cannot.
    """

    def __init__(
        self,
        state: ControlState,
        orchestrator: TradingOrchestrator,
        ledger: Ledger,
        journal: OrderJournal,
        clock: Clock,
        next_cycle_number: Callable[[], int],
        dust: Callable[[], Collection[str]],
        *,
        stays: bool,
    ) -> None:
        self._state = state
        self._orchestrator = orchestrator
        self._ledger = ledger
        self._journal = journal
        self._clock = clock
        self._next_cycle_number = next_cycle_number
        self._dust, self._stays = dust, stays
        self._round: _Round | None = None

    async def step(self, command: Command, progress: Mapping[str, str]) -> CycleReport | None:
        """The next sale of a claimed flatten; None when it waits or has ended."""
        flatten = self._round
        if flatten is None or flatten.command.id != command.id:
            flatten = await self._begin(command, progress)
        left = self._left(flatten)
        control = self._state.read()
        if control.state is TradingState.HALTED:
            self._end(flatten, left, f"halted by {control.actor}: {control.reason}")
            return None
        open_symbols = [symbol for symbol in left if not self._tries(flatten, symbol).settled]
        if self._clock.monotonic() >= flatten.unreached_at:
            self._end(flatten, left, "", lead="the exchange does not answer: ")
            return None
        if not open_symbols or self._clock.monotonic() >= flatten.give_up_at:
            self._end(flatten, left, f"not sold within {PATIENCE_S:.0f} s")
            return None
        now = self._clock.monotonic()
        due = [symbol for symbol in open_symbols if self._tries(flatten, symbol).again_at <= now]
        if not due:
            return None
        report = await self._orchestrator.execute_trading_workflow(
            self._next_cycle_number(), due[0], request=OrderRequest(side=Side.SELL, reason="flatten")
        )
        if not (is_unreached := report.decisions[0].reason.code in _UNREACHED):
            flatten.unreached_at = math.inf
        self._judge(flatten, report.decisions[0], is_unreached=is_unreached)
        return report

    async def _begin(self, command: Command, progress: Mapping[str, str]) -> _Round:
        held = {
            name.removeprefix(_HELD): Decimal(text)
            for name, text in progress.items()
            if name.startswith(_HELD)
        }
        now = self._clock.monotonic()
        unreached_at = math.inf if self._stays else now + UNREACHED_S
        flatten = _Round(command, now + PATIENCE_S, held, unreached_at)
        self._round = flatten
        await self._orchestrator.withdraw_entries()
        return flatten

    def _left(self, flatten: _Round) -> list[str]:
        """Symbols with something to sell or an order to end; what is held of them is noted before it is sold."""
        held = self._quantities()
        news = {s: q for s, q in held.items() if q > flatten.held.get(s, ZERO)}
        if news:
            flatten.held |= news
            noted = {f"{_HELD}{symbol}": to_wire(quantity) for symbol, quantity in flatten.held.items()}
            self._state.note(flatten.command.id, noted)
        waiting = {row.intent.symbol for row in self._journal.unfinished()}
        return sorted({*held, *waiting})

    def _quantities(self) -> dict[str, Decimal]:
        return {s: p.quantity for s, p in self._ledger.positions().items() if p.quantity > 0}

    def _tries(self, flatten: _Round, symbol: str) -> _Tries:
        return flatten.tries.setdefault(symbol, _Tries())

    def _judge(self, flatten: _Round, decision: Decision, *, is_unreached: bool) -> None:
        """What a try says about the next one."""
        tries = self._tries(flatten, decision.symbol)
        tries.text, code = decision.reason.text, decision.reason.code
        tries.again_at = self._clock.monotonic() + _RETRY_S
        is_too_little = decision.outcome is Outcome.REFUSED and code in _TOO_LITTLE
        if is_too_little or (is_unreached and decision.symbol in self._dust()):
            tries.is_dust = tries.settled = True
        elif code in _GONE:
            tries.settled = True
        elif decision.outcome is Outcome.REJECTED:
            tries.refusals += 1
            tries.settled = tries.refusals >= _MOST_REFUSALS

    def _end(self, flatten: _Round, left: list[str], why: str, lead: str = "") -> None:
        """Say what was sold, what is dust, what is not sold and why; and halt. `lead` goes before each reason."""
        self._round = None
        held = self._quantities()
        gone = {symbol: quantity - held.get(symbol, ZERO) for symbol, quantity in flatten.held.items()}
        sold = {symbol: to_wire(quantity) for symbol, quantity in sorted(gone.items()) if quantity > 0}
        dust: dict[str, str] = {}
        failed: dict[str, str] = {}
        for symbol in left:
            tries, quantity = self._tries(flatten, symbol), to_wire(held.get(symbol, ZERO))
            locks = self._locks(symbol)
            if not tries.is_dust or locks:
                failed[symbol] = f"{quantity} ({lead}{'; '.join((tries.text or why, *locks))})"
            elif symbol in held:
                dust[symbol] = quantity
        kinds = (("sold", sold), ("dust is left:", dust), ("NOT sold:", failed))
        told = [f"{name} {_listed(found)}" for name, found in kinds if found] or ["nothing was held"]
        details = {
            f"{name}:{symbol}": text
            for name, found in (("sold", sold), ("dust", dust), ("failed", failed))
            for symbol, text in found.items()
        }
        status = CommandStatus.FAILED if failed else CommandStatus.DONE
        text = "; ".join((*told, "trading is halted"))
        result = CommandResult(status, text, details, self._clock.now())
        self._state.finish(flatten.command.id, result, TradingState.HALTED)

    def _locks(self, symbol: str) -> list[str]:
        """Orders of the symbol that are not ended, in words."""
        return [
            f"{row.intent.purpose} order {row.intent.client_order_id} is {row.status}"
            for row in self._journal.unfinished()
            if row.intent.symbol == symbol and (row.locks_symbol or row.rests_as_entry)
        ]


def _listed(found: Mapping[str, str]) -> str:
    return ", ".join(f"{symbol} {text}" for symbol, text in found.items())
