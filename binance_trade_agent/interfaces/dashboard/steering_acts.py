"""Pause, resume, halt and flatten, as acts that any page may offer."""

import asyncio

from dash.development.base_component import Component

from binance_trade_agent.control.protections import kept_as_dust
from binance_trade_agent.control.resting import cancelled_next, entries_to_cancel
from binance_trade_agent.control.steering import resuming_from
from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.acts import FLATTEN_INCIDENT, Steered
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.interfaces.dashboard.acting import (
    ACTOR,
    CHANNEL,
    Act,
    Doing,
    Told,
    Wish,
    Words,
    act_button,
)
from binance_trade_agent.interfaces.dashboard.components.numbers import amount, quantity
from binance_trade_agent.interfaces.dashboard.holdings import Holding, holdings
from binance_trade_agent.interfaces.desks import Desk

_STATE = "the state"


def _pause_words(desk: Desk, wish: Wish) -> Words:
    return Words(
        "Pause trading?",
        _and("No new positions are opened until somebody resumes. Exits, stops and targets go on.", desk)
        + " It survives restarts.",
        "Pause",
    )


def _pause(doing: Doing) -> Told:
    done = _and("Paused: no new entries, exits go on. It stays so over restarts.", doing.desk)
    steered = doing.desk.steering.pause(doing.reason, actor=ACTOR, channel=CHANNEL, idempotency_key=doing.key)
    return _steered(steered, done)


def _resume_words(desk: Desk, wish: Wish) -> Words:
    status = desk.watch.status()
    control = status.control
    withdrawn = [each.text for each in status.incidents if each.key == FLATTEN_INCIDENT]
    notes = [*filter(None, [resuming_from(control)]), *(f"{text}; it is withdrawn" for text in withdrawn)]
    warning = f" Note: {'. '.join(notes)}." if notes else ""
    return Words(
        "Resume trading?",
        f"Entries are allowed again from the next cycle on.{warning}",
        "Resume",
        grave=bool(notes),
        basis={
            _STATE: control.state.value,
            "set by": control.actor,
            "set at": f"{control.since:%Y-%m-%d %H:%M:%S UTC}",
            "a flatten": "; ".join(withdrawn) or "not on its way",
        },
    )


def _resume(doing: Doing) -> Told:
    steered = doing.desk.steering.resume(
        doing.reason,
        actor=ACTOR,
        channel=CHANNEL,
        idempotency_key=doing.key,
        only_from=(TradingState(doing.basis[_STATE]),),
    )
    stopped = f" But {doing.desk.programs.stopped_note()}." if doing.desk.steering.is_untraded else ""
    return _steered(steered, f"Resumed: entries are allowed from the next cycle on.{stopped}")


def _halt_words(desk: Desk, wish: Wish) -> Words:
    return Words(
        "Halt all trading?",
        _and(
            "No order of any kind is sent until somebody resumes: no entry, no exit. Positions are kept, and the"
            " stops and targets that rest at the exchange stay there.",
            desk,
        ),
        "Halt",
        typed="HALT",
        grave=True,
    )


def _halt(doing: Doing) -> Told:
    done = _and("Halted: no order of any kind is sent until somebody resumes.", doing.desk)
    steered = doing.desk.steering.halt(doing.reason, actor=ACTOR, channel=CHANNEL, idempotency_key=doing.key)
    return _steered(steered, done)


def _flatten_words(desk: Desk, wish: Wish) -> Words:
    held = holdings(desk.watch)
    parts = [
        _named(each)
        + (
            f", about {amount(each.value, each.position.quote)} {each.position.quote}"
            if each.last_price
            else ""
        )
        for each in held
        if not each.is_dust
    ]
    sale = f"Sell {'; '.join(parts)} at market. " if parts else "Nothing that can be sold is held. "
    kept = kept_as_dust([_named(each) for each in held if each.is_dust])
    return Words(
        "Sell everything and halt?",
        f"{sale}Our open entries are cancelled first; afterwards trading is halted until somebody resumes.{kept}",
        "Flatten",
        typed="FLATTEN",
        grave=True,
    )


def _named(held: Holding) -> str:
    return f"{quantity(held.position.quantity)} {held.position.base}"


def _flatten(doing: Doing) -> Told:
    flattening = doing.desk.steering.flatten(
        doing.reason, actor=ACTOR, channel=CHANNEL, idempotency_key=doing.key
    )
    return Told.of(asyncio.run(flattening))


PAUSE = Act("pause", _pause_words, _pause, urgent=True)
RESUME = Act("resume", _resume_words, _resume)
HALT = Act("halt", _halt_words, _halt, urgent=True)
FLATTEN = Act("flatten", _flatten_words, _flatten)
ALL = (PAUSE, RESUME, HALT, FLATTEN)


def steering_buttons(status: AgentStatus) -> list[Component]:
    """The buttons that would change something in the state that holds."""
    running = status.control.state is TradingState.RUNNING
    first = act_button(PAUSE, "Pause") if running else act_button(RESUME, "Resume", style="primary")
    halt = [] if status.control.state is TradingState.HALTED else [act_button(HALT, "Halt", style="grave")]
    return [first, *halt, act_button(FLATTEN, "Flatten", style="grave")]


def _and(text: str, desk: Desk) -> str:
    """`text`, and the entries at rest that are cancelled once none is allowed."""
    return f"{text} {cancelled_next(entries_to_cancel(desk.history))}".rstrip()


def _steered(steered: Steered, done: str) -> Told:
    if steered.refused:
        return Told(
            False, f"Nothing was changed: the state is {steered.state.value}, set by {steered.actor}."
        )
    return Told(True, done)
