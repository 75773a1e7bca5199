"""Moves the stop and the target of a position to prices that a person asks for, or takes that back.

The levels are stored, then the symbol has turns until what rests agrees with them. Where the
exchange does not take that, the levels go back to what they were: nobody shall believe in a stop
that is not there. A process killed in between leaves the stored levels, which every cycle carries out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.agents.execution.protect import Outlook
from binance_trade_agent.domain.decisions import CycleReport, TradingState
from binance_trade_agent.domain.errors import ExchangeError
from binance_trade_agent.domain.market import BookTop
from binance_trade_agent.domain.money import ZERO, ceil_to_step, floor_to_step, to_wire
from binance_trade_agent.domain.portfolio import PositionState, position_state
from binance_trade_agent.domain.protection import (
    AskedLevels,
    Leave,
    Levels,
    Stuck,
    Wait,
    highest_target,
)
from binance_trade_agent.domain.records import AskedLevelsRow, Command, CommandResult, CommandStatus
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.orchestrator import TradingOrchestrator
from binance_trade_agent.ports import Clock, ControlState, Ledger, OrderJournal
from binance_trade_agent.telemetry.crash_points import CrashPoint, reached

#: A turn moves one cover; a few more for what was left open and for one that is lost on the way.
_SPARE_TURNS = 3


class _Refusal(Exception):
    """Why the levels cannot be taken; nothing is stored."""


@dataclass(frozen=True, slots=True)
class _Market:
    rules: SymbolRules
    book: BookTop


class Protecting:
    """Carries out what people ask of a position's stop and target."""

    def __init__(
        self,
        state: ControlState,
        orchestrator: TradingOrchestrator,
        ledger: Ledger,
        journal: OrderJournal,
        clock: Clock,
        next_cycle_number: Callable[[], int],
    ) -> None:
        self._state, self._orchestrator = state, orchestrator
        self._ledger, self._journal = ledger, journal
        self._clock, self._next_cycle_number = clock, next_cycle_number

    async def carry_out(self, command: Command) -> CycleReport | None:
        """Store the levels of a claimed command and have them rest; None if no cycle came of it."""
        symbol = command.arguments["symbol"]
        try:
            self._check_free(symbol)
            market = await self._market(symbol)
            self._check_held(symbol, market)
            asked, notes = self._asked(command, market)
        except _Refusal as refusal:
            self._finish(command, CommandStatus.REFUSED, str(refusal))
            return None
        except ExchangeError as error:
            text = f"the exchange could not be asked for the price, nothing was changed: {error}; try again"
            self._finish(command, CommandStatus.FAILED, text)
            return None
        by = f"{command.actor} ({command.channel})"
        earlier_outlook = self._orchestrator.protection_of(symbol, market.rules, market.book)
        before = _told(earlier_outlook)
        earlier = self._ledger.ask_levels(
            symbol, asked, actor=by, reason=command.reason, at=self._clock.now()
        )
        reached(CrashPoint.LEVELS_STORED)
        report, now = await self._turns(symbol, market)
        failure = self._failure(symbol, report, now)
        if failure and not isinstance(now.step, Wait):
            report, now = await self._undo(symbol, earlier, market, report, now)
            failure += f"; nothing was changed: {_told(now)}"
        status = CommandStatus.FAILED if failure else CommandStatus.DONE
        text = failure or "; ".join((*notes, _told(now), *_parted(earlier_outlook, now, asked)))
        self._finish(command, status, text, {"before": before, "after": _told(now)})
        return report

    def _check_free(self, symbol: str) -> None:
        """Raise where nothing may be sent for the symbol now."""
        control = self._state.read()
        if control.state is TradingState.HALTED:
            raise _Refusal(
                f"trading is halted by {control.actor} ({control.reason}): what rests stays as it is; resume first"
            )
        position = self._ledger.positions().get(symbol)
        if position is None or position.quantity <= 0:
            raise _Refusal(f"nothing of {symbol} is held: there is no position to protect")
        for row in self._journal.unfinished():
            if row.intent.symbol == symbol and row.locks_symbol and not row.rests_all_booked:
                raise _Refusal(
                    f"{row.intent.purpose} order {row.intent.client_order_id} of {symbol} is {row.status}: it is looked"
                    " up in each cycle; ask again then"
                )
        if any(cancel.intent.symbol == symbol for cancel in self._journal.unfinished_cancels()):
            raise _Refusal(
                f"a cancel of {symbol} is not resolved: it is looked up in each cycle; ask again then"
            )

    async def _market(self, symbol: str) -> _Market:
        return _Market(*await self._orchestrator.market_of(symbol))

    def _check_held(self, symbol: str, market: _Market) -> None:
        position = self._ledger.positions()[symbol]
        held = position.at_most(self._ledger.balances().get(position.base, ZERO))
        if position_state(held, market.rules, market.book.bid) is not PositionState.OPEN:
            raise _Refusal(
                f"only dust of {symbol} is held ({to_wire(held.quantity)}): too little to be sold, so nothing can"
                " protect it"
            )

    def _asked(self, command: Command, market: _Market) -> tuple[AskedLevels, list[str]]:
        """The levels that shall hold, and what a person should know of how they were rounded.

        Of a stop and a target, the one that is not named stays as it was asked for before.
        """
        symbol, tick = command.arguments["symbol"], market.rules.tick_size
        stop, target = _price(command, "stop_price"), _price(command, "target_price")
        if stop is None and target is None:
            levels = self._orchestrator.protection_of(symbol, market.rules, market.book, AskedLevels()).levels
            _check_settings_levels(levels, market)
            return AskedLevels(), ["the settings' levels hold again"]
        asked, notes = self._ledger.asked_levels().get(symbol, AskedLevels()), []
        outlook = self._orchestrator.protection_of(symbol, market.rules, market.book)
        if stop is not None:
            asked = AskedLevels(floor_to_step(stop, tick), asked.target_price)
            notes += _rounding("stop", stop, asked.stop_price)
            _check_stop(asked.stop_price or ZERO, market, outlook)
        if target is not None:
            asked = AskedLevels(asked.stop_price, ceil_to_step(target, tick))
            notes += _rounding("target", target, asked.target_price)
            _check_target(asked.target_price or ZERO, market)
        return asked, notes

    async def _turns(self, symbol: str, market: _Market) -> tuple[CycleReport, Outlook]:
        """Turns of the symbol, until nothing is left to do or one changes nothing."""
        now = self._orchestrator.protection_of(symbol, market.rules, market.book)
        turns = len(now.covers) + _SPARE_TURNS
        while True:
            report, step = await self._orchestrator.run_turn(self._next_cycle_number(), symbol), now.step
            now = self._orchestrator.protection_of(symbol, market.rules, market.book)
            turns -= 1
            if isinstance(now.step, Leave) or now.step == step or not turns:
                return report, now
            if f"unprotected:{symbol}" in report.alarms:
                return report, now

    def _failure(self, symbol: str, report: CycleReport, now: Outlook) -> str:
        """Why what was asked for does not hold; empty where it does."""
        position = self._ledger.positions().get(symbol)
        if report.executions or position is None or position.quantity <= 0:
            return f"the price moved on meanwhile: {report.decisions[0].reason.text}"
        if isinstance(now.step, Stuck):
            return now.step.text
        if isinstance(now.step, Wait):
            return (
                f"whether the exchange took it is not known yet ({report.decisions[0].reason.text}): it is looked up"
                " in each cycle, and what was asked for is carried out then"
            )
        if isinstance(now.step, Leave):
            return ""
        control = self._state.read()
        if not control.state.orders_allowed:
            return f"trading was halted in between by {control.actor} ({control.reason})"
        return report.decisions[0].reason.text

    async def _undo(
        self,
        symbol: str,
        earlier: AskedLevelsRow | None,
        market: _Market,
        report: CycleReport,
        now: Outlook,
    ) -> tuple[CycleReport, Outlook]:
        """Let the earlier levels hold again, and put back what got lost on the way."""
        if symbol not in self._ledger.trips().open:
            return report, now
        self._ledger.restore_levels(symbol, earlier)
        now = self._orchestrator.protection_of(symbol, market.rules, market.book)
        if not isinstance(now.step, Leave):
            return await self._turns(symbol, market)
        return report, now

    def _finish(
        self, command: Command, status: CommandStatus, text: str, details: dict[str, str] | None = None
    ) -> None:
        details = {"symbol": command.arguments["symbol"]} | (details or {})
        self._state.finish(command.id, CommandResult(status, text, details, self._clock.now()))


def _price(command: Command, name: str) -> Decimal | None:
    text = command.arguments.get(name)
    return None if text is None else Decimal(text)


def _rounding(name: str, given: Decimal, taken: Decimal | None) -> list[str]:
    if taken is None or taken == given:
        return []
    return [f"the {name} {to_wire(given)} is rounded to the tick {to_wire(taken)}"]


def _check_stop(stop: Decimal, market: _Market, outlook: Outlook) -> None:
    """Raise where a stop cannot be meant or cannot rest."""
    rules, bid = market.rules, market.book.bid
    if stop >= bid:
        raise _Refusal(
            f"the stop {to_wire(stop)} is not below the bid {to_wire(bid)}: it would sell at once; to sell now, ask for"
            " a SELL"
        )
    if stop <= 0 or stop < rules.min_price:
        least = to_wire(max(rules.min_price, rules.tick_size))
        raise _Refusal(f"the stop {to_wire(stop)} is below {least}, the least price of the symbol")
    stops = [cover.stop_price for cover in outlook.covers if cover.stop_price is not None]
    if outlook.trails and stop < max(stops, default=ZERO):
        raise _Refusal(
            f"the trailing stop already rests at {to_wire(max(stops))} and is never lowered; with"
            " TRAILING_STOP_SHARE 0 it can be"
        )


def _check_target(target: Decimal, market: _Market) -> None:
    """Raise where a target cannot be meant or cannot rest."""
    rules, bid = market.rules, market.book.bid
    if target <= bid:
        raise _Refusal(
            f"the target {to_wire(target)} is not above the bid {to_wire(bid)}: it would sell at once; to sell now, ask"
            " for a SELL"
        )
    limits = [limit for limit in (rules.max_price, highest_target(rules, market.book)) if limit]
    if limits and target > min(limits):
        highest = to_wire(floor_to_step(min(limits), rules.tick_size))
        raise _Refusal(
            f"the exchange takes no target above {highest} now (its price band): ask for a lower one"
        )


def _check_settings_levels(levels: Levels, market: _Market) -> None:
    """Raise where the settings' levels would sell at once if they held again."""
    bid = market.book.bid
    if levels.stop is not None and levels.stop >= bid:
        raise _Refusal(
            f"the settings' stop {to_wire(levels.stop)} is not below the bid {to_wire(bid)}: it would sell at once; ask"
            " for a stop of your own, or for a SELL"
        )
    if levels.target is not None and levels.target <= bid:
        raise _Refusal(
            f"the settings' target {to_wire(levels.target)} is not above the bid {to_wire(bid)}: it would sell at once;"
            " ask for a target of your own, or for a SELL"
        )


def _told(now: Outlook) -> str:
    """What rests, and what is watched because no order holds it."""
    stop = _level_told("stop", [cover.stop_price for cover in now.covers], now.levels.stop)
    target = _level_told("target", [cover.target_price for cover in now.covers], now.levels.target)
    return f"{stop}, {target}"


def _parted(before: Outlook, now: Outlook, asked: AskedLevels) -> list[str]:
    """What a target that no order holds means, beside a stop that rests."""
    if now.levels.target is None or not now.covers or any(cover.has_target for cover in now.covers):
        return []
    if any(cover.has_target for cover in before.covers):
        what = "the target has left the exchange"
    elif asked.are_taken_back:
        what = "the target does not come back to the exchange for this position"
    else:
        what = "the target is not at the exchange"
    return [f"{what}: only a trader that runs sells there"]


def _level_told(name: str, resting: list[Decimal | None], level: Decimal | None) -> str:
    prices = sorted({price for price in resting if price is not None})
    parts = [f"{name} rests at {' and '.join(map(to_wire, prices))}"] if prices else []
    if level is not None and (not resting or None in resting):
        parts.append(f"{name} {to_wire(level)} is watched in each cycle")
    return " and ".join(parts) or f"no {name}"
