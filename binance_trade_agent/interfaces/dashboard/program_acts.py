"""Starting, stopping and restarting the programs, as acts."""

import asyncio
import functools

import structlog

from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.control.programs import RESTART_MEANT
from binance_trade_agent.domain.errors import ConfigurationError, TradeAgentError
from binance_trade_agent.interfaces.dashboard.acting import ACTOR, CHANNEL, Act, Doing, Told, Wish, Words
from binance_trade_agent.interfaces.desks import Desk, DeskDoor

TRADER = "autonomous_trader"
DASHBOARD = "dash_ui"
#: Among so many newest acts those are looked for that were left open.
_ACTS_SEEN = 500
#: Program -> what people call it, and what is missing while it does not run.
PROGRAMS = {
    TRADER: (
        "Trader",
        "It ends after the order in hand: entries that rest are taken back, positions and the stops and targets that"
        " rest at the exchange stay. Nothing is watched or traded until it is started. To stop buying for a while,"
        " Pause is better.",
    ),
    "binance_agent": ("MCP server", "AI agents cannot ask for or do anything until it is started."),
    DASHBOARD: ("Dashboard", "This page ends with it."),
    "exchange_simulator": (
        "Simulated exchange",
        "The trader has no market data and no account until it is started; its account and orders are kept.",
    ),
    "watchdog": (
        "Watchdog",
        "A trader that hangs is not restarted, and failures are not reported, until it is started.",
    ),
}


def title_of(program: str) -> str:
    """What people call a program."""
    return PROGRAMS[program][0] if program in PROGRAMS else program


def _start_words(desk: Desk, wish: Wish) -> Words:
    name = _named(wish)
    more = " It lifts neither a pause nor a halt." if wish.target == TRADER else ""
    return Words(f"Start the {name}?", f"supervisord starts {wish.target}.{more}", "Start")


def _stop_words(desk: Desk, wish: Wish) -> Words:
    name = _named(wish)
    return Words(f"Stop the {name}?", PROGRAMS[wish.target][1], "Stop", grave=True)


def _restart_words(desk: Desk, wish: Wish) -> Words:
    name = _named(wish)
    return Words(
        f"Restart the {name}?",
        f"supervisord stops {wish.target}, waits for its end, and starts it again.",
        "Restart",
    )


def _start(doing: Doing) -> Told:
    _named(doing.wish)
    done = doing.desk.programs.start(
        doing.wish.target, actor=ACTOR, channel=CHANNEL, reason=doing.reason, idempotency_key=doing.key
    )
    return Told(True, done.told)


def _stop(doing: Doing) -> Told:
    _named(doing.wish)
    done = doing.desk.programs.stop(
        doing.wish.target, actor=ACTOR, channel=CHANNEL, reason=doing.reason, idempotency_key=doing.key
    )
    return Told(True, done.told)


def _restart(doing: Doing) -> Told:
    _named(doing.wish)
    done = doing.desk.programs.restart(
        doing.wish.target, actor=ACTOR, channel=CHANNEL, reason=doing.reason, idempotency_key=doing.key
    )
    return Told(True, done.told)


def end_left_open(door: DeskDoor, again_s: float = 5.0) -> None:
    """End what a dashboard before this one was killed in the middle of: a program that it stopped to restart is started.

    Tried again every `again_s` seconds while the database cannot be used, until such a restart is no longer meant.
    """
    asyncio.run(_end_left_open(door, again_s))


async def _end_left_open(door: DeskDoor, again_s: float) -> None:
    clock, log = SystemClock(), structlog.get_logger(DASHBOARD)
    begun = clock.now()
    while True:
        try:
            desk = door.desk()
            newest = functools.partial(desk.watch.audit, limit=_ACTS_SEEN)
            for told in await desk.programs.end_left_open(newest, CHANNEL, before=begun):
                log.warning("how an act ended that was left open is not in the audit", act=told)
        except TradeAgentError as error:
            log.warning("acts that were left open cannot be ended", reason=str(error))
            if clock.now() - begun >= RESTART_MEANT:
                return
        else:
            return
        await clock.sleep(again_s)


def _named(wish: Wish) -> str:
    """What the program is called in a sentence; raises `ConfigurationError` for one that is not acted on here."""
    if wish.target not in PROGRAMS or wish.target == DASHBOARD:
        raise ConfigurationError(f"{wish.target[:40]} is not started or stopped from here")
    name = title_of(wish.target)
    return name if name.startswith("MCP") else name[0].lower() + name[1:]


START = Act("start-program", _start_words, _start)
STOP = Act("stop-program", _stop_words, _stop)
RESTART = Act("restart-program", _restart_words, _restart)
ALL = (START, STOP, RESTART)
