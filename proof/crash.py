"""`python -m proof crash`: kills the trader again and again, and compares after each time."""

import json
import random
import secrets
import signal
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from binance_trade_agent.domain.orders import OrderStatus
from proof.comparison import Differences
from proof.kills import FAULTS, Kill, plan
from proof.lane import RESTLESS, VARIANTS, Lane, lane, symbols

RESULTS = Path(__file__).with_name("crash.json")
LANES = 2
SYMBOLS = 12
#: Kills between the commit of an intent and its reply that a campaign of 200 must have.
LEAST_BEFORE_REPLY_SHARE = 0.1
#: How long a trigger may take to be met before the trader is killed anyway.
_TRIGGER_S = 20.0
#: Window and grace of the last unresolved order, and some more.
_SETTLE_S = 100.0
_SETTLED = "settled after window and grace"


@dataclass(slots=True)
class Round:
    """One kill and what was found: by the dead trader's books, and by those after its next first cycle."""

    number: int
    kill: Kill
    reached: bool = False
    #: the order whose intent was committed and whose reply was due when it died
    unanswered: str = ""
    #: from the kill to the next completed cycle, and whether faults were in force meanwhile
    recovery_s: float | None = None
    recovered_in_faults: bool = False
    orders: int = 0
    faults: dict[str, tuple[str, ...]] = field(default_factory=dict)
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing was lost or doubled."""
        return not self.faults and not self.error

    def note(self, found: Differences) -> None:
        """Add what a comparison found."""
        for kind, names in found.faults.items():
            self.faults[kind] = (*self.faults.get(kind, ()), *names)


class Campaign:
    """The rounds of one lane, one after another."""

    def __init__(self, opened: Lane, rng: random.Random) -> None:
        self._lane = opened
        self._rng = rng
        self._rules: list[int] = []
        self._killed_at: float | None = None
        self._last: Round | None = None
        self._deaths_without_cycle = 0

    def run(self, kills: Sequence[Kill]) -> list[Round]:
        """All rounds, one after another."""
        rounds = []
        for number, kill in enumerate(kills, 1):
            this = Round(number, kill)
            rounds.append(this)
            try:
                self._round(this)
            except Exception as error:  # noqa: BLE001 a round that breaks is a failed round, not the end
                this.error = "".join(traceback.format_exception_only(error)).strip()[-2000:]
                if self._lane.is_alive:
                    self._lane.kill()
                self._killed_at = time.monotonic()
            self._last = this
            _tell(this)
        return rounds

    def _round(self, this: Round) -> None:
        opened, kill = self._lane, this.kill
        # two deaths before a cycle in a row, and a growing wait would begin: let this life live
        armed = kill.point if self._deaths_without_cycle < 2 else None
        if kill.during:
            self._rules += opened.exchange.add(*FAULTS[kill.during])
        before = opened.completed()
        opened.start(armed, kill.visit)
        if opened.await_cycle(before):
            self._recovered()
        else:
            self._deaths_without_cycle += 1
        this.reached = self._meet(kill, armed is not None)
        if opened.is_alive:
            opened.kill()
        self._killed_at = time.monotonic()
        if opened.trader.returncode != -signal.SIGKILL:
            this.error = f"the trader ended by itself with {opened.trader.returncode}"
        self._look(this)
        if not kill.outlives:
            self._end_rules()

    def _meet(self, kill: Kill, armed: bool) -> bool:
        """Wait for the trigger; whether it came."""
        opened = self._lane
        if kill.point is not None:
            return armed and opened.await_death(_TRIGGER_S)
        if kill.held is None:
            time.sleep(kill.after_s)
            return True
        rules = opened.exchange.add(kill.held)
        self._rules += rules
        end = time.monotonic() + _TRIGGER_S
        while opened.exchange.fired(rules) == [0]:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        time.sleep(kill.after_s / 10)
        return True

    def _recovered(self) -> None:
        """A cycle is completed after the last kill: note the time, compare, and let go of what outlived it."""
        self._deaths_without_cycle = 0
        if self._last is not None and self._killed_at is not None:
            self._last.recovery_s = time.monotonic() - self._killed_at
            self._last.recovered_in_faults = bool(self._rules)
            self._last.note(self._lane.compare())
        self._killed_at = None
        self._end_rules()

    def _look(self, this: Round) -> None:
        opened = self._lane
        found = opened.compare()
        this.note(found)
        rows = opened.desk.watch.orders(limit=50)
        this.orders = len(opened.exchange.truth().own_orders)
        if this.kill.before_reply and this.reached:
            this.unanswered = next((r.client_order_id for r in rows if r.status == OrderStatus.INTENT), "")

    def _end_rules(self) -> None:
        if self._rules:
            self._lane.exchange.clear()
            self._rules.clear()

    def settle(self, number: int) -> Round:
        """After window and grace: nothing may be unknown any more."""
        this = Round(number, Kill(_SETTLED), reached=True)
        self._end_rules()
        found = self._lane.settle(_SETTLE_S)
        this.note(found)
        if found.pending:
            this.faults["still pending"] = found.pending
        this.orders = len(self._lane.exchange.truth().own_orders)
        return this


def run(count: int, seed: int | None, lanes: int = LANES) -> int:
    """A campaign of `count` kills in parallel lanes; prints, writes the result, 1 if anything failed."""
    seed = secrets.randbelow(2**31) if seed is None else seed
    sys.stdout.write(f"crash: {count} kills in {lanes} lanes, seed {seed}\n")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bta-crash-") as folder, ThreadPoolExecutor(lanes) as pool:
        shares = [count // lanes + (index < count % lanes) for index in range(lanes)]
        running = [
            pool.submit(
                campaign,
                Path(folder) / str(index),
                share,
                seed * 1000 + index,
                VARIANTS[index % len(VARIANTS)],
            )
            for index, share in enumerate(shares)
        ]
        rounds = [each for future in running for each in future.result()]
    return report(rounds, seed, time.monotonic() - began)


def campaign(folder: Path, count: int, seed: int, variant: Mapping[str, str]) -> list[Round]:
    """The rounds of one lane in a folder of its own."""
    rng = random.Random(seed)  # noqa: S311 nothing secret: the same again for the same seed
    with lane(folder, {**RESTLESS, "TRADING_SYMBOLS": symbols(SYMBOLS), **variant}, rng=rng) as opened:
        lives = Campaign(opened, rng)
        rounds = [*lives.run(plan(count, rng)), lives.settle(count + 1)]
        if not all(each.passed for each in rounds):
            sys.stdout.write(f"output of the trader, end:\n{opened.place.output[-6000:]}\n")
        return rounds


def report(rounds: Sequence[Round], seed: int, seconds: float) -> int:
    """Print the table and the one line at the end, write the JSON; the exit status."""
    kills = [each for each in rounds if each.kill.kind != _SETTLED]
    before_reply = sum(1 for each in kills if each.unanswered)
    quiet_s, faulty_s = _worst_recovery_s(kills, in_faults=False), _worst_recovery_s(kills, in_faults=True)
    failures = [each for each in rounds if not each.passed]
    passed, failed = len(rounds) - len(failures), len(failures)
    too_few = before_reply < LEAST_BEFORE_REPLY_SHARE * len(kills)
    _print_table(rounds)
    for each in failures:
        sys.stdout.write(f"FAILED round {each.number} ({each.kill}): {each.error} {each.faults}\n")
    sys.stdout.write(
        f"kills between the commit of an intent and its reply: {before_reply} of {len(kills)}"
        f"{' (too few)' if too_few else ''}\n"
        f"kill to next completed cycle: worst {quiet_s:.1f} s, with faults in force {faulty_s:.1f} s\n"
        f"orders at the exchanges: {_orders(rounds)}; seed {seed}; {seconds:.0f} s\n"
    )
    result: dict[str, Any] = {
        "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "passed": passed,
        "failed": failed + too_few,
        "kills": len(kills),
        "kills_before_reply": before_reply,
        "worst_recovery_s": round(quiet_s, 2),
        "worst_recovery_in_faults_s": round(faulty_s, 2),
        "orders": _orders(rounds),
        "seconds": round(seconds),
        "rounds": [{**asdict(each), "passed": each.passed} for each in rounds],
    }
    RESULTS.write_text(json.dumps(result, indent=1, default=str), encoding="utf-8")
    sys.stdout.write(f"crash: passed {passed} failed {failed + too_few}\n")
    return int(bool(failures) or too_few)


def _orders(rounds: Sequence[Round]) -> int:
    return sum(each.orders for each in rounds if each.kill.kind == _SETTLED)


def _worst_recovery_s(rounds: Sequence[Round], *, in_faults: bool) -> float:
    times = (each.recovery_s or 0.0 for each in rounds if each.recovered_in_faults is in_faults)
    return max(times, default=0.0)


def _tell(this: Round) -> None:
    recovery = "" if this.recovery_s is None else f", recovered in {this.recovery_s:.1f} s"
    verdict = "equal" if this.passed else f"FAIL {this.faults} {this.error}"
    sys.stderr.write(f"{this.number} {this.kill.kind}: {verdict}{recovery}\n")


def _print_table(rounds: Sequence[Round]) -> None:
    kinds: defaultdict[str, list[Round]] = defaultdict(list)
    for each in rounds:
        kinds[each.kill.kind].append(each)
    table = Table(title="lost / doubled / wrong, of all rounds of a kind")
    table.add_column("killed", no_wrap=True)
    for name in ("rounds", "met", "orders", "fills", "cash and coins", "worst recovery"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind, group in sorted(kinds.items()):
        recoveries = [each.recovery_s for each in group if each.recovery_s is not None]
        money = _count(group, "balances") + _count(group, "positions")
        table.add_row(
            kind,
            str(len(group)),
            str(sum(each.reached for each in group)),
            " / ".join(str(_count(group, f"orders_{what}")) for what in ("lost", "doubled", "wrong")),
            " / ".join(str(_count(group, f"fills_{what}")) for what in ("lost", "doubled", "wrong")),
            f"{money} differ" if money else "equal",
            f"{max(recoveries):.1f} s" if recoveries else "",
        )
    Console(width=150).print(table)


def _count(rounds: Sequence[Round], what: str) -> int:
    return sum(len(each.faults.get(what, ())) for each in rounds)
