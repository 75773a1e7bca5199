"""`python -m proof replay`: a session with orders, faults, people and kills in it, and then every decision again."""

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.orders import Side
from proof.kills import FAULTS
from proof.lane import RESTLESS, VARIANTS, lane
from proof.session import Act, Event, Played
from tests.processes import CLI, Installation

RESULTS = Path(__file__).with_name("replay.json")
CYCLES = 2000
#: Faults keep their rules for this share of the session; then they are over.
_FAULT_SHARE = 0.04
_REPLAY_S = 120.0
_LEAST_ORDERS_A_CYCLE = 0.1
#: In a session of fewer cycles faults have no time to act within a share of it: each is waited for.
LONG = 400
#: Nothing differs, but too little happened for a proof.
TOO_SHORT = 2

#: One symbol that trades with the wind, one that adds to what it holds, and one whose coin pays the fees.
SETTINGS: Mapping[str, str] = {
    **RESTLESS,
    "TRADING_SYMBOLS": "BTCUSDT,ETHUSDT,BNBUSDT",
    "STRATEGY_BY_SYMBOL": "ETHUSDT=dca,BNBUSDT=grid",
    "STRATEGY_PARAMS": json.dumps(
        {
            "dca": {"every_hours": 0, "step_share": 0.0002, "take_profit_share": 0.0005},
            "grid": {"range_share": 0.01, "levels": 101, "anchor_candles": 20},
        }
    ),
    "TRADING_INTERVAL_SECONDS": "0.5",
    "SIMULATOR_BALANCES": "USDT=10000,BNB=2",
    "RISK_MAX_ORDERS_PER_MINUTE": "40",
    "RISK_LOSS_COOLDOWN_CANDLES": "2",
    "RISK_MAX_LOSING_STREAK": "9",
    "RISK_LOSING_STREAK_CANDLES": "5",
}


#: What a person does beyond single orders.
ACTS: tuple[Event, ...] = (
    (0.10, lambda act: act.try_out("BTCUSDT")),
    (0.14, lambda act: act.rest("BTCUSDT")),
    (0.26, Act.protect),
    (0.33, lambda act: act.restrict("ETHUSDT", on=True)),
    (0.43, lambda act: act.restrict("ETHUSDT", on=False)),
    (0.50, Act.protect),
    (0.53, Act.back_to_settings),
    (0.57, lambda act: act.cancel("BNBUSDT")),
    (0.64, lambda act: act.try_out("ETHUSDT")),
    (0.73, Act.flatten),
    (0.78, Act.protect),
)
KINDS_OF_ACTS = 7

#: What locks a symbol for a minute, or uses up a minute's weight, is left to the long form.
SHORT_FAULTS: Mapping[str, float] = {
    "partial fills": 0.05,
    "reply lost": 0.12,
    "-1007 executed": 0.20,
    "late answer": 0.35,
    "cut JSON": 0.47,
    "expired": 0.58,
    "read lag, reply lost, no stream": 0.62,
    "refused": 0.71,
    "stream cut": 0.77,
    "server shutdown": 0.84,
}
SHORT_EVENTS: tuple[Event, ...] = (
    *ACTS,
    *((share, lambda act, name=name: act.meet(name)) for name, share in SHORT_FAULTS.items()),
    (0.02, Act.fees_in_bnb),
    (0.27, lambda act: act.ask("BTCUSDT", Side.BUY, "0.0005")),
    (0.30, Act.pause),
    (0.38, Act.resume),
    (0.40, lambda act: act.ask("ETHUSDT", Side.BUY, "1000")),
    (0.44, Act.sell_as_another),
    (0.52, Act.kill_in_the_post),
    (0.67, lambda act: act.ask("ETHUSDT", None)),
    (0.88, Act.kill),
)


def events(cycles: int) -> list[Event]:
    """What happens in a session of so many cycles, each at its share of it."""
    if cycles < LONG:
        return list(SHORT_EVENTS)
    found: list[Event] = [
        *ACTS,
        (0.02, Act.fees_in_bnb),
        (0.12, lambda act: act.ask("BTCUSDT", Side.BUY, "0.0005")),
        (0.16, Act.pause),
        (0.22, Act.resume),
        (0.30, lambda act: act.ask("ETHUSDT", Side.BUY, "1000")),
        (0.40, Act.sell_as_another),
        (0.46, Act.kill_in_the_post),
        (0.55, lambda act: act.ask("ETHUSDT", None)),
        (0.62, lambda act: act.ask("BTCUSDT", Side.SELL)),
        (0.66, Act.halt),
        (0.70, Act.resume),
        (0.80, Act.kill),
    ]
    names = list(FAULTS)
    for place, name in enumerate(names):
        share = 0.04 + 0.9 * place / len(names)
        found.append((share, lambda act, name=name: act.fault(name)))  # type: ignore[misc]
        found.append((share + _FAULT_SHARE, Act.end_faults))
    return found


def run(cycles: int = CYCLES) -> int:
    """Play a session of `cycles` cycles for each variant, replay it, print and write the result.

    Returns 1 if anything differs, or if too little happened in a long session; `TOO_SHORT` if in a short one.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bta-replay-") as folder,
        ThreadPoolExecutor(len(VARIANTS)) as pool,
    ):
        playing = [
            pool.submit(_round, Path(folder) / str(number), cycles, number, variant)
            for number, variant in enumerate(VARIANTS)
        ]
        rounds = [each.result() for each in playing]
    too_short = sum(1 for each in rounds if each["shortfalls"] and not each["failures"])
    failed = sum(1 for each in rounds if each["failures"])
    passed = len(rounds) - failed - too_short
    result = {
        "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "passed": passed,
        "failed": failed,
        "too_short": too_short,
        "rounds": rounds,
    }
    RESULTS.write_text(json.dumps(result, indent=1, default=str), encoding="utf-8")
    if too_short:
        sys.stdout.write(
            f"{cycles} cycles were too few for {too_short} of {len(rounds)} sessions: nothing differs in them, but they"
            " are no proof\n"
        )
    sys.stdout.write(f"replay: passed {passed} failed {failed} too short {too_short}\n")
    return int(failed > 0) or (TOO_SHORT if too_short else 0)


def _round(folder: Path, cycles: int, number: int, variant: Mapping[str, str]) -> dict[str, Any]:
    began = time.monotonic()
    with lane(folder, {**SETTINGS, **variant}) as opened:
        act = Act(opened)
        session = act.play(cycles, events(cycles))
        opened.stop()
        report = replayed(opened.place, session.id)
        sys.stdout.write(opened.place.run(CLI, "replay", session.id).stdout)
    failures, shortfalls = failures_of(report, cycles), shortfalls_of(act.played, report, cycles)
    if cycles >= LONG:
        failures, shortfalls = [*failures, *shortfalls], []
    for failure in failures:
        sys.stdout.write(f"FAILED variant {number}: {failure}\n")
    for shortfall in shortfalls:
        sys.stdout.write(f"TOO SHORT variant {number}: {shortfall}\n")
    sys.stdout.write(f"{act.played}\n")
    return {
        "variant": variant,
        "seconds": round(time.monotonic() - began),
        "failures": failures,
        "shortfalls": shortfalls,
        "played": asdict(act.played),
        "report": report,
    }


def replayed(place: Installation, session_id: str) -> dict[str, Any]:
    """What the command line says of a session, and with which exit status."""
    ran = place.run(CLI, "replay", session_id, "--json", within_s=_REPLAY_S)
    if ran.returncode not in {ExitCode.OK, ExitCode.FAILURE} or not ran.stdout:
        raise AssertionError(f"replay ended with {ran.returncode}: {ran.stderr[-1500:]}")
    answer: dict[str, Any] = json.loads(ran.stdout)
    if answer["same"] is not (ran.returncode == ExitCode.OK):
        raise AssertionError(f"same is {answer['same']}, the exit status {ran.returncode}")
    report: dict[str, Any] = answer["report"]
    return report


def failures_of(report: Mapping[str, Any], cycles: int) -> list[str]:
    """What is wrong with a session, however short."""
    claims = (
        (
            report["differences_in_all"] == 0,
            f"{report['differences_in_all']} differences: {report['by_field']}",
        ),
        (report["cycles"] >= cycles, f"one session has {report['cycles']} of {cycles} cycles"),
    )
    return [text for holds, text in claims if not holds]


def shortfalls_of(played: Played, report: Mapping[str, Any], cycles: int) -> list[str]:
    """What keeps a session without a difference from being a proof: that too little happened in it."""
    orders, faults = report["checked"].get("orders", 0), sum(map(bool, played.faults.values()))
    wanted = len(FAULTS if cycles >= LONG else SHORT_FAULTS) / 2
    claims = (
        (played.kills > 1, f"{played.kills} kills"),
        (bool(played.taken), "others took nothing of a position"),
        (orders >= _LEAST_ORDERS_A_CYCLE * cycles, f"{orders} orders were decided again"),
        (len(played.acts) >= KINDS_OF_ACTS, f"of {KINDS_OF_ACTS} kinds of acts came {played.acts}"),
        (
            report["recomputed"] > report["decisions"] / 3,
            f"{report['recomputed']} of {report['decisions']} decisions were decided again in full",
        ),
        (
            sum(report["not_recomputed"].values()) < report["decisions"] / 3,
            f"{report['not_recomputed']} of {report['decisions']} decisions were not decided again",
        ),
        (faults >= wanted, f"{faults} kinds of faults acted: {played.faults}"),
    )
    return [text for holds, text in claims if not holds]
