"""`python -m proof faults`: plays every row of the fault table against the real processes."""

import json
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from proof.lane import TRADER
from proof.rows import account, by_hand, peers, protection, refusals, replies, streams
from proof.rows.row import Row
from proof.stage import PATIENCE_S, Stage, stage

RESULTS = Path(__file__).with_name("faults.json")
#: Most of a row is waiting.
LANES = 5

ROWS: tuple[Row, ...] = (
    *replies.ROWS,
    *refusals.ROWS,
    *protection.ROWS,
    *streams.ROWS,
    *account.ROWS,
    *peers.ROWS,
    *by_hand.ROWS,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row came to, as it was measured."""

    number: str
    fault: str
    did: str
    at_exchange: str
    in_journal: str
    failures: tuple[str, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every claim held."""
        return not self.failures


def play(row: Row, folder: Path, *, program: str = TRADER, patience_s: float = PATIENCE_S) -> Verdict:
    """One row in a folder of its own."""
    began = time.monotonic()
    with stage(folder, row.settings, program=program, patience_s=patience_s) as opened:
        try:
            row.play(opened)
            opened.finish()
        except Exception as error:  # noqa: BLE001 a row that breaks is a failed row, not the end
            opened.failures.append("".join(traceback.format_exception_only(error)).strip()[-600:])
        return _verdict(row, opened, time.monotonic() - began)


def run(wanted: Iterable[str] = (), lanes: int = LANES) -> int:
    """All rows, or those of the numbers wanted; prints, writes the result, 1 if anything failed."""
    numbers = set(wanted)
    rows = [row for row in ROWS if not numbers or row.number in numbers]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bta-faults-") as folder, ThreadPoolExecutor(lanes) as pool:
        # the slow ones first, so that their waits lie beside the others' work
        order = sorted(rows, key=lambda row: not row.slow)
        running = {row.number: pool.submit(_told, row, Path(folder) / row.number) for row in order}
        verdicts = [running[row.number].result() for row in rows]
    return report(verdicts, time.monotonic() - began)


def report(verdicts: Sequence[Verdict], seconds: float) -> int:
    """Print the table and the one line at the end, write the JSON; the exit status."""
    table = Table("#", "fault", "what the trader did", "at the exchange", "in the journal", "verdict")
    for verdict in verdicts:
        colour, word = ("green", "pass") if verdict.passed else ("red", "FAIL")
        table.add_row(
            verdict.number,
            verdict.fault,
            verdict.did,
            verdict.at_exchange,
            verdict.in_journal,
            f"[{colour}]{word}[/]",
        )
    Console(width=170).print(table)
    failures = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failures:
        sys.stdout.write(f"FAILED {verdict.number} {verdict.fault}: {'; '.join(verdict.failures)}\n")
    passed = len(verdicts) - len(failures)
    result = {
        "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "passed": passed,
        "failed": len(failures),
        "seconds": round(seconds),
        "rows": [{**asdict(verdict), "passed": verdict.passed} for verdict in verdicts],
    }
    RESULTS.write_text(json.dumps(result, indent=1), encoding="utf-8")
    sys.stdout.write(f"{seconds:.0f} s\nfaults: passed {passed} failed {len(failures)}\n")
    return int(bool(failures))


def _told(row: Row, folder: Path) -> Verdict:
    verdict = play(row, folder)
    word = "pass" if verdict.passed else f"FAIL ({'; '.join(verdict.failures)})"
    sys.stderr.write(f"{row.number} {row.fault}: {word}, {verdict.seconds:.0f} s\n")
    return verdict


def _verdict(row: Row, opened: Stage, seconds: float) -> Verdict:
    return Verdict(
        row.number,
        row.fault,
        opened.told(),
        opened.at_exchange(),
        opened.in_journal(),
        tuple(opened.failures),
        round(seconds, 1),
    )
