"""`sessions`, `replay`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import typer
from rich.console import Console
from rich.markup import escape

from binance_trade_agent.backtest.replay_report import ReplayReport
from binance_trade_agent.bootstrap.replaying import Replay, recorded_sessions, replay_session
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.records import Session
from binance_trade_agent.interfaces.cli.output import console, print_json, table
from binance_trade_agent.interfaces.cli.session import at_desk

#: As much of a session's id as is shown: enough to name it.
_SHOWN_ID = 8
#: More symbols than this are counted, not named.
_NAMED_SYMBOLS = 4


def show_sessions(limit: int, as_json: bool) -> None:
    """The trader's sessions, newest first."""
    with at_desk() as (_, desk):
        rows = recorded_sessions(desk, limit)
    if as_json:
        print_json([_summary(session, cycles) for session, cycles in rows])
        return
    draw_sessions(rows, console())


def draw_sessions(rows: Sequence[tuple[Session, int]], screen: Console) -> None:
    """Sessions with their number of cycles."""
    table(
        "Sessions",
        ("id", "kind", "started", "ended", "why", "cycles>", "symbols?", "strategy?"),
        [
            (
                session.id[:_SHOWN_ID],
                session.kind,
                _time(session.started_at),
                _time(session.ended_at) if session.ended_at else "runs",
                session.end_reason,
                cycles,
                _symbols(session.symbols),
                session.strategy,
            )
            for session, cycles in rows
        ],
        screen=screen,
    )


def replay(reference: str, as_json: bool) -> None:
    """Decide a session again and say what differs; exit status 1 if anything does, or nothing was compared."""
    with at_desk(mistaken=ExitCode.CONFIGURATION) as (settings, desk):
        replayed = replay_session(settings, desk, reference)
    report = replayed.report
    if as_json:
        print_json(
            {
                "session": _summary(replayed.session, report.cycles),
                "same": report.is_same,
                "compared": not report.is_empty,
                "notes": replayed.notes,
                "report": report,
            }
        )
    else:
        draw_replay(replayed, console())
    is_proven = report.is_same and not report.is_empty
    raise typer.Exit(ExitCode.OK if is_proven else ExitCode.FAILURE)


def draw_replay(replayed: Replay, screen: Console) -> None:
    """What was decided again, what could not be, and the differences."""
    session, report = replayed.session, replayed.report
    ended = f"to {_time(session.ended_at)}" if session.ended_at else "and still runs"
    screen.print(
        f"Session {session.id[:_SHOWN_ID]} ({session.kind}, {escape(session.strategy)}),"
        f" from {_time(session.started_at)} {ended}"
    )
    for note in replayed.notes:
        screen.print(f"[yellow]![/] {escape(note)}")
    screen.print(
        f"{report.decisions} decisions in {report.cycles} cycles: {report.recomputed} decided again in full"
        f" ({report.seconds:.1f} s)"
    )
    _print_kinds("in part, the rest was not decided from what is stored", report.partly, screen)
    _print_kinds("not decided again", report.not_recomputed, screen)
    if report.checked:
        counts = ", ".join(f"{count} {what}" for what, count in report.checked.items())
        screen.print(f"compared: {counts}")
    _print_differences(report, screen)


def _print_kinds(title: str, kinds: Mapping[str, int], screen: Console) -> None:
    if kinds:
        screen.print(f"{sum(kinds.values())} {title}:")
    for name, count in kinds.items():
        screen.print(f"  {count} {escape(name)}")


def _print_differences(report: ReplayReport, screen: Console) -> None:
    if report.is_same and report.is_empty:
        screen.print("[yellow]nothing was compared[/]: no decision of it can be decided again")
        return
    if report.is_same:
        screen.print("[green]no difference[/]")
        return
    screen.print(f"[bold red]{report.differences_in_all} differences[/]")
    table(
        "By field",
        ("differences>", "field"),
        [(n, name) for name, n in report.by_field.items()],
        screen=screen,
    )
    table(
        f"The first {len(report.differences)}",
        ("cycle>", "symbol", "field", "stored", "decided again"),
        [(each.cycle, each.symbol, each.field, each.stored, each.recomputed) for each in report.differences],
        screen=screen,
    )


def _summary(session: Session, cycles: int) -> dict[str, object]:
    """A session for programs."""
    return {
        "id": session.id,
        "kind": session.kind,
        "mode": session.mode,
        "strategy": session.strategy,
        "symbols": session.symbols,
        "started_at": session.started_at,
        "deadline": session.deadline,
        "ended_at": session.ended_at,
        "end_reason": session.end_reason,
        "exit_code": session.exit_code,
        "cycles": cycles,
        "replayable": bool(session.plan),
    }


def _symbols(symbols: Sequence[str]) -> str:
    if len(symbols) <= _NAMED_SYMBOLS:
        return ", ".join(symbols)
    return f"{', '.join(symbols[: _NAMED_SYMBOLS - 1])} and {len(symbols) - _NAMED_SYMBOLS + 1} more"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
