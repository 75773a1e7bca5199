"""Sessions and replays as people read them."""

import io
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from binance_trade_agent.backtest.replay_report import Difference, ReplayReport
from binance_trade_agent.bootstrap.replaying import Replay
from binance_trade_agent.domain.records import Session
from binance_trade_agent.interfaces.cli.replay import draw_replay, draw_sessions

BEGAN = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SESSION = Session(
    id="3f2a91c4d0e14bc8",
    kind="trading",
    mode="simulated",
    strategy="rsi_level",
    symbols=("BTCUSDT", "ETHUSDT"),
    settings={},
    duration_minutes=0,
    started_at=BEGAN,
    deadline=None,
)
REPORT = ReplayReport(
    session_id=SESSION.id,
    cycles=10,
    decisions=20,
    recomputed=15,
    partly={"asked for by a person": 1},
    not_recomputed={"interrupted": 2, "nothing to decide on (throttled)": 2},
    checked={"signals": 16, "gates": 40},
    differences=(),
    differences_in_all=0,
    by_field={},
    seconds=0.25,
)


def lines(screen: Console) -> list[str]:
    assert isinstance(screen.file, io.StringIO)
    return [" ".join(line.split()) for line in screen.file.getvalue().splitlines()]


def test_sessions_are_named_by_the_beginning_of_their_id() -> None:
    screen = Console(width=140, file=io.StringIO())
    ended = replace(
        SESSION,
        id="77aa00bb11cc22dd",
        symbols=tuple(f"C{n}USDT" for n in range(9)),
        ended_at=BEGAN.replace(hour=13),
        end_reason="duration",
    )
    draw_sessions([(SESSION, 120), (ended, 60)], screen)
    assert lines(screen)[1:] == [
        "id kind started ended why cycles symbols strategy",
        "3f2a91c4 trading 2026-05-04 12:00:00 runs – 120 BTCUSDT, ETHUSDT rsi_level",
        "77aa00bb trading 2026-05-04 12:00:00 2026-05-04 13:00:00 duration 60 C0USDT, C1USDT, C2USDT and 6 more"
        " rsi_level",
    ]


def test_a_replay_without_a_difference_says_what_it_could_not_decide_again() -> None:
    screen = Console(width=140, file=io.StringIO())
    draw_replay(Replay(SESSION, REPORT, ("mine.py has changed since the session",)), screen)
    assert lines(screen) == [
        "Session 3f2a91c4 (trading, rsi_level), from 2026-05-04 12:00:00 and still runs",
        "! mine.py has changed since the session",
        "20 decisions in 10 cycles: 15 decided again in full (0.2 s)",
        "1 in part, the rest was not decided from what is stored:",
        "1 asked for by a person",
        "4 not decided again:",
        "2 interrupted",
        "2 nothing to decide on (throttled)",
        "compared: 16 signals, 40 gates",
        "no difference",
    ]


def test_a_replay_that_compared_nothing_does_not_call_that_the_same() -> None:
    screen = Console(width=140, file=io.StringIO())
    draw_replay(Replay(SESSION, replace(REPORT, recomputed=0, partly={}, checked={})), screen)
    assert lines(screen)[-1] == "nothing was compared: no decision of it can be decided again"


def test_differences_are_counted_by_field_and_listed() -> None:
    screen = Console(width=140, file=io.StringIO())
    difference = Difference(7, "BTCUSDT", "d1", "value rsi", "28.4", "28.400000000000002")
    report = replace(
        REPORT, differences=(difference,), differences_in_all=3, by_field={"value rsi": 2, "cash": 1}
    )
    draw_replay(Replay(SESSION, report), screen)
    assert lines(screen)[-8:] == [
        "3 differences",
        "By field",
        "differences field",
        "2 value rsi",
        "1 cash",
        "The first 1",
        "cycle symbol field stored decided again",
        "7 BTCUSDT value rsi 28.4 28.400000000000002",
    ]
