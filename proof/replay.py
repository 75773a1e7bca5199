"""`python -m proof replay`: a session with orders, faults, people and kills in it, and then every decision again."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

from binance_trade_agent.control.steering import CommandTimeout
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import Session
from proof.kills import FAULTS, IN_THE_POST
from proof.lane import RESTLESS, VARIANTS, Lane, lane
from tests.processes import CLI, Installation

RESULTS = Path(__file__).with_name("replay.json")
CYCLES = 2000
#: Faults keep their rules for this share of the session; then they are over.
_FAULT_SHARE = 0.04
_PATIENCE_S = 60.0
_FAULT_PATIENCE_S = 15.0
_LOOK_S = 0.05
_REPLAY_S = 120.0
_LOT = Decimal("0.0001")
_LEAST_ORDERS_A_CYCLE = 0.1

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


@dataclass(slots=True)
class Played:
    """What happened in a session, to be told beside its replay."""

    cycles: int = 0
    orders: int = 0
    kills: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    #: what others sold of positions
    taken: list[str] = field(default_factory=list)


Event = tuple[float, Callable[["Act"], None]]


class Act:
    """A session in the making: events come when so many of its cycles have run."""

    def __init__(self, opened: Lane) -> None:
        self.lane = opened
        self.played = Played()
        self._rules: dict[str, list[int]] = {}

    def play(self, cycles: int, events: Sequence[Event]) -> Session:
        """Run `cycles` cycles, with `events` at their shares of them; the session, whose trader still runs."""
        self._start()
        for share, event in (*sorted(events, key=lambda each: each[0]), (1.0, Act.end_faults)):
            self._await(int(share * cycles))
            event(self)
        self.played.cycles = self.cycles
        self.played.orders = len(self.lane.exchange.truth().own_orders)
        return self.session

    @property
    def cycles(self) -> int:
        """How many cycles the book has."""
        return self.lane.desk.watch.status().cycles

    @property
    def session(self) -> Session:
        """The session that runs."""
        session = self.lane.desk.watch.status().session
        if session is None:
            raise AssertionError("no session has begun")
        return session

    # what may happen ---------------------------------------------------------

    def fault(self, name: str) -> None:
        """Put rules into force."""
        self._rules[name] = self.lane.exchange.add(*FAULTS[name])

    def meet(self, name: str) -> None:
        """Put rules into force until one of them has acted, or for as long as patience lasts."""
        self.fault(name)
        end = time.monotonic() + _FAULT_PATIENCE_S
        while not any(self.lane.exchange.fired(self._rules[name])) and time.monotonic() < end:
            time.sleep(_LOOK_S)
        self.end_faults()

    def fees_in_bnb(self) -> None:
        """From now on fees are paid in a coin that is traded itself."""
        self.lane.exchange.add({"fault": "fee_asset", "asset": "BNB"})

    def end_faults(self) -> None:
        """End all rules but the one of the fees; note how often each acted."""
        for name, rules in self._rules.items():
            fired = sum(self.lane.exchange.fired(rules))
            self.played.faults[name] = self.played.faults.get(name, 0) + fired
            self.lane.exchange.remove(rules)
        self._rules.clear()

    def ask(self, symbol: str, side: Side | None, quantity: str | None = None) -> None:
        """A person asks for an order, and what comes of it is noted; without a side the strategy decides."""
        steering, amount = self.lane.desk.steering, None if quantity is None else Decimal(quantity)
        asked = steering.trade(symbol, amount, side, actor="proof", channel="proof", timeout_s=_PATIENCE_S)
        try:
            self.played.commands.append(asyncio.run(asked).text)
        except CommandTimeout as error:
            self.played.commands.append(str(error))

    def pause(self) -> None:
        """A person pauses."""
        self.lane.desk.steering.pause("a look at the market", actor="proof")

    def halt(self) -> None:
        """A person halts."""
        self.lane.desk.steering.halt("a drill", actor="proof")

    def resume(self) -> None:
        """A person resumes."""
        self.lane.desk.steering.resume("go on", actor="proof")

    def sell_as_another(self) -> None:
        """Someone else cancels a symbol's protection and sells a part of what the trader bought."""
        end = time.monotonic() + _PATIENCE_S
        while not any(map(self._sell_half, self.lane.desk.watch.positions())):
            if time.monotonic() > end:
                raise AssertionError("nothing could be sold by another")
            time.sleep(_LOOK_S)

    def _sell_half(self, position: Position) -> bool:
        exchange, symbol = self.lane.exchange, position.symbol
        half = (position.quantity / 2).quantize(_LOT, ROUND_DOWN)
        if half <= 0:
            return False
        order = {"symbol": symbol, "side": "SELL", "type": "MARKET", "quantity": str(half)}
        resting = [
            o.order_id for o in exchange.truth().own_orders if o.symbol == symbol and o.status == "NEW"
        ]
        try:
            for order_id in resting[:1]:
                exchange.post("cancel", {"symbol": symbol, "orderId": order_id})
            exchange.post("foreign_order", order)
        except AssertionError:  # the trader was faster: it sold, or protects again
            return False
        self.played.taken.append(f"{half} {symbol}")
        return True

    def kill(self) -> None:
        """`kill -9` at any time, and the next life."""
        self._die()

    def kill_in_the_post(self) -> None:
        """`kill -9` while the exchange has carried an order out and its answer is due."""
        held = IN_THE_POST.held
        if held is None:
            raise AssertionError("the kill holds no answer")
        rules = self.lane.exchange.add(held)
        end = time.monotonic() + _PATIENCE_S
        while self.lane.exchange.fired(rules) == [0] and time.monotonic() < end:
            time.sleep(_LOOK_S)
        self._die()
        self.lane.exchange.remove(rules)

    def _die(self) -> None:
        self.lane.kill()
        self.played.kills += 1
        self._start()

    def _start(self) -> None:
        before = self.lane.completed()
        self.lane.start()
        if not self.lane.await_cycle(before):
            raise AssertionError(f"the trader ended: {self.lane.place.output[-1500:]}")

    def _await(self, cycles: int) -> None:
        while self.cycles < cycles:
            self.lane.check_alive()
            time.sleep(_LOOK_S)


def events() -> list[Event]:
    """What happens, each at its share of the session."""
    found: list[Event] = [
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
    """Play a session of `cycles` cycles for each variant, replay it, print and write the result; 1 if anything differs."""
    with (
        tempfile.TemporaryDirectory(prefix="bta-replay-") as folder,
        ThreadPoolExecutor(len(VARIANTS)) as pool,
    ):
        playing = [
            pool.submit(_round, Path(folder) / str(number), cycles, number, variant)
            for number, variant in enumerate(VARIANTS)
        ]
        rounds = [each.result() for each in playing]
    failed = sum(1 for each in rounds if each["failures"])
    result = {
        "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "passed": len(rounds) - failed,
        "failed": failed,
        "rounds": rounds,
    }
    RESULTS.write_text(json.dumps(result, indent=1, default=str), encoding="utf-8")
    sys.stdout.write(f"replay: passed {len(rounds) - failed} failed {failed}\n")
    return int(failed > 0)


def _round(folder: Path, cycles: int, number: int, variant: Mapping[str, str]) -> dict[str, Any]:
    began = time.monotonic()
    with lane(folder, {**SETTINGS, **variant}) as opened:
        act = Act(opened)
        session = act.play(cycles, events())
        opened.stop()
        report = replayed(opened.place, session.id)
        sys.stdout.write(opened.place.run(CLI, "replay", session.id).stdout)
    failures = failures_of(act.played, report, cycles)
    for failure in failures:
        sys.stdout.write(f"FAILED variant {number}: {failure}\n")
    sys.stdout.write(f"{act.played}\n")
    return {
        "variant": variant,
        "seconds": round(time.monotonic() - began),
        "failures": failures,
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


def failures_of(played: Played, report: Mapping[str, Any], cycles: int) -> list[str]:
    """What keeps a session from being a proof: differences, or that too little happened in it."""
    orders, faults = report["checked"].get("orders", 0), sum(map(bool, played.faults.values()))
    claims = (
        (
            report["differences_in_all"] == 0,
            f"{report['differences_in_all']} differences: {report['by_field']}",
        ),
        (report["cycles"] >= cycles, f"one session has {report['cycles']} of {cycles} cycles"),
        (played.kills > 1, f"{played.kills} kills"),
        (bool(played.taken), "others took nothing of a position"),
        (orders >= _LEAST_ORDERS_A_CYCLE * cycles, f"{orders} orders were decided again"),
        (
            report["recomputed"] > report["decisions"] / 3,
            f"{report['recomputed']} of {report['decisions']} decisions were decided again in full",
        ),
        (
            sum(report["not_recomputed"].values()) < report["decisions"] / 3,
            f"{report['not_recomputed']} of {report['decisions']} decisions were not decided again",
        ),
        (faults >= len(FAULTS) / 2, f"{faults} kinds of faults acted: {played.faults}"),
    )
    return [text for holds, text in claims if not holds]
