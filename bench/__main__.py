"""`python -m bench [SECTION ...]`: measures, prints a table, writes bench/results.json."""

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.cycle import own_time_of_cycles
from bench.decisions import own_time_of_decisions
from bench.figures import Figure
from bench.first_order import first_order_on_random_seeds
from bench.mcp import reading_over_mcp
from bench.processes import memory_of_processes, recovery_after_kill, start_to_first_order
from bench.year import reading_one_year

SECTIONS: dict[str, Callable[[Path], list[Figure]]] = {
    "decisions": own_time_of_decisions,
    "cycle": own_time_of_cycles,
    "start": start_to_first_order,
    "memory": memory_of_processes,
    "mcp": reading_over_mcp,
    "recovery": recovery_after_kill,
    "seeds": first_order_on_random_seeds,
    "year": reading_one_year,
}
RESULTS = Path(__file__).with_name("results.json")


def main(names: list[str]) -> int:
    """Run the named sections, or all of them; 1 if a target is missed."""
    figures: list[Figure] = []
    for name in names or SECTIONS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="bta-bench-") as folder:
            figures += SECTIONS[name](Path(folder))
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    table = Table("what", "measured", "target", "peer", "note", title="bench")
    for figure in figures:
        colour = "green" if figure.met else "red"
        table.add_row(
            figure.what,
            f"[{colour}]{figure.value:,.1f} {figure.unit}[/]",
            figure.target_text,
            figure.peer,
            figure.note,
        )
    Console().print(table)
    RESULTS.write_text(
        json.dumps(
            {
                "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
                "python": platform.python_version(),
                "figures": [figure.as_dict() for figure in figures],
            },
            indent=2,
        ),
        encoding="utf-8",
    )
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
