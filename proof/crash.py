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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from binance_trade_agent.domain.orders import OrderStatus
from proof.acts import Judge
from proof.comparison import compare, read_books
from proof.kills import FAULTS, Kill, plan
from proof.lane import RESTLESS, VARIANTS, Lane, lane, peopled
from proof.person import FLATTEN, Person
from proof.tallies import ACT_FAULTS, Checked, Tally, added, figures

RESULTS = Path(__file__).with_name("crash.json")
LANES = 2
SYMBOLS = 12
#: Kills between the commit of an intent and its reply that a campaign of 200 must have.
LEAST_BEFORE_REPLY_SHARE = 0.1
#: How long a trigger may take to be met before the trader is killed anyway.
_TRIGGER_S = 60.0
#: Window and grace of the last unresolved order, and some more.
_SETTLE_S = 100.0
#: What a person asked for is carried out within this time of a start without faults.
_MET_S = 60.0
#: A flatten gives up after 120 s of one process.
_FLATTEN_S = 200.0
_BETWEEN_ACTS_S = (0.1, 0.5)
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

    def note(self, found: Mapping[str, tuple[str, ...]]) -> None:
        """Add what was found."""
        for kind, names in found.items():
            self.faults[kind] = (*self.faults.get(kind, ()), *names)


@dataclass(frozen=True, slots=True)
class Played:
    """A lane that is over: its rounds, what became of its acts, and of how much that can be said."""

    rounds: list[Round]
    acts: dict[str, Tally]
    checked: Checked


class Campaign:
    """The rounds of one lane, one after another, with somebody who steers meanwhile."""

    def __init__(self, opened: Lane, rng: random.Random) -> None:
        self._lane = opened
        self._rng = rng
        settings = opened.place.settings
        by_hand = tuple(name for name, chosen in settings.strategy_by_symbol.items() if chosen == "idle")
        self._person = Person(lambda: opened.desk, settings.symbols, by_hand, rng)
        trails = "TRAILING_STOP_SHARE" in opened.place.environment
        self.judge = Judge(opened.desk, self._person, trails=trails)
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
            self._recovered(this)
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
        if kill.asks == FLATTEN and opened.is_alive and self._person.flattening is None:
            self._flatten()
        if kill.point is not None:
            return self._live(_TRIGGER_S, lambda: not opened.is_alive, kill.asks) and armed
        if kill.held is None:
            self._live(kill.after_s, lambda: not opened.is_alive, kill.asks)
            return True
        self._person.step(kill.asks)
        rules = opened.exchange.add(kill.held)
        self._rules += rules
        # an act takes so long that the held order's event would be booked: only one that must be met is asked for
        met = self._live(
            _TRIGGER_S, lambda: opened.exchange.fired(rules) != [0], kill.asks, acts=bool(kill.asks)
        )
        time.sleep(kill.after_s / 10 if met else 0)
        return met

    def _live(self, within_s: float, probe: Callable[[], bool], preferred: str, *, acts: bool = True) -> bool:
        """Wait until `probe` holds while somebody steers; whether it came to hold."""
        end, act_at = time.monotonic() + within_s, time.monotonic()
        while not probe():
            now = time.monotonic()
            if now > end:
                return False
            if acts and now >= act_at:
                self._person.step(preferred)
                act_at = now + self._rng.uniform(*_BETWEEN_ACTS_S)
            time.sleep(0.02)
        return True

    def _recovered(self, this: Round) -> None:
        """A cycle is completed after the last kill: note the time, compare, and let go of what outlived it."""
        self._deaths_without_cycle = 0
        last = self._last or this
        if self._last is not None and self._killed_at is not None:
            last.recovery_s = time.monotonic() - self._killed_at
            last.recovered_in_faults = bool(self._rules)
            self._compare(last)
        self._killed_at = None
        self._end_rules()
        if self._person.flattening is not None:
            self._end_flatten(last)
        elif not last.recovered_in_faults:
            self._await_met(last, self.judge.unmet, _MET_S)

    def _compare(self, this: Round) -> None:
        """Exchange and books, and what came of what was asked for; all of one moment."""
        with self._lane.still():
            truth, books = self._lane.exchange.truth(), read_books(self._lane.desk.watch)
            this.note(compare(truth, books).faults)
            this.note(self.judge.faults(truth, books))

    def _await_met(self, this: Round, look: Callable[[], dict[str, str]], within_s: float) -> None:
        """What must hold soon after a start does: levels rest, positions are guarded, restricted entries are gone."""
        end = time.monotonic() + within_s
        unmet = look()
        while unmet and self._lane.is_alive and time.monotonic() < end:
            time.sleep(0.1)
            unmet = {key: text for key, text in look().items() if key in unmet}
        if unmet and self._lane.is_alive:
            this.note({"not carried out": tuple(f"{key}: {text}" for key, text in unmet.items())})

    def _flatten(self) -> None:
        self.judge.begin_flatten(self._person.flatten())

    def _end_flatten(self, this: Round) -> None:
        """Wait until the flatten has ended, unless the trader dies again; then look, and resume."""
        end = time.monotonic() + _FLATTEN_S
        while not self.judge.flatten_ended():
            if not self._lane.is_alive:
                return
            if time.monotonic() > end:
                this.note({"flatten": (f"not ended within {_FLATTEN_S:.0f} s",)})
                break
            time.sleep(0.05)
        with self._lane.still():
            this.note(
                self.judge.flatten_faults(self._lane.exchange.truth(), read_books(self._lane.desk.watch))
            )
        self._person.resume()

    def _look(self, this: Round) -> None:
        opened = self._lane
        self._compare(this)
        if self._person.flattening is not None:
            self.judge.checked.flattens[-1].kills += 1
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
        this.note(found.faults)
        if found.pending:
            this.faults["still pending"] = found.pending
        before = self._lane.completed()
        self._lane.start()
        self._lane.await_cycle(before)
        if self._person.flattening is not None:
            self._end_flatten(this)
        self._await_met(this, self.judge.waiting, _SETTLE_S)
        self._await_met(this, self.judge.unmet, _SETTLE_S)
        self._lane.stop()
        self._compare(this)
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
        lanes_played = [future.result() for future in running]
    return report(lanes_played, seed, time.monotonic() - began)


def campaign(folder: Path, count: int, seed: int, variant: Mapping[str, str]) -> Played:
    """The rounds of one lane in a folder of its own."""
    rng = random.Random(seed)  # noqa: S311 nothing secret: the same again for the same seed
    with lane(folder, {**RESTLESS, **peopled(SYMBOLS), **variant}, rng=rng) as opened:
        lives = Campaign(opened, rng)
        rounds = [*lives.run(plan(count, rng)), lives.settle(count + 1)]
        if not all(each.passed for each in rounds):
            sys.stdout.write(f"output of the trader, end:\n{opened.place.output[-6000:]}\n")
        tallies = lives.judge.tallies(opened.exchange.truth(), read_books(opened.desk.watch))
        return Played(rounds, tallies, lives.judge.checked)


def report(played: Sequence[Played], seed: int, seconds: float) -> int:
    """Print the tables and the one line at the end, write the JSON; the exit status."""
    rounds = [each for one in played for each in one.rounds]
    kills = [each for each in rounds if each.kill.kind != _SETTLED]
    before_reply = sum(1 for each in kills if each.unanswered)
    quiet_s, faulty_s = _worst_recovery_s(kills, in_faults=False), _worst_recovery_s(kills, in_faults=True)
    failures = [each for each in rounds if not each.passed]
    passed, failed = len(rounds) - len(failures), len(failures)
    too_few = before_reply < LEAST_BEFORE_REPLY_SHARE * len(kills)
    acts, checked = added(one.acts for one in played), figures(one.checked for one in played)
    _print_table(rounds)
    _print_acts(acts)
    _print_claims(rounds, checked)
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
        "acts": {kind: asdict(tally) for kind, tally in acts.items()},
        "checked": checked,
        "act_faults": {kind: _count(rounds, kind) for kind in ACT_FAULTS},
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


def _print_acts(acts: Mapping[str, Tally]) -> None:
    names = [field.name for field in fields(Tally)]
    table = Table(title="what a person asked for, each with a key")
    table.add_column("act", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for kind, tally in acts.items():
        table.add_row(kind, *(str(getattr(tally, name)) for name in names))
    Console(width=150).print(table)


def _print_claims(rounds: Sequence[Round], checked: Mapping[str, int]) -> None:
    for kind in ACT_FAULTS:
        sys.stdout.write(f"{kind}: {_count(rounds, kind)}\n")
    sys.stdout.write(f"{', '.join(f'{name} {count}' for name, count in checked.items())}\n")


def _count(rounds: Sequence[Round], what: str) -> int:
    return sum(len(each.faults.get(what, ())) for each in rounds)
