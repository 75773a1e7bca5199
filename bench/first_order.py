"""`make up` with the shipped defaults, on twenty random seeds of the generated market."""

import secrets
import time
from pathlib import Path

from bench.figures import Figure
from tests.processes import CLI, eventually, installation, running

_SEEDS = 20
_LIMIT_S = 60.0


def first_order_on_random_seeds(folder: Path) -> list[Figure]:
    """Seeds without a filled order in the first minute after the start of the programs, and the slowest of the rest."""
    times: dict[int, float | None] = {}
    for _ in range(_SEEDS):
        seed = secrets.randbelow(2**31)
        (folder / str(seed)).mkdir()
        times[seed] = _seconds_to_first_order(folder / str(seed), seed)
    reached = [seconds for seconds in times.values() if seconds is not None]
    return [
        Figure(
            f"of {_SEEDS} random seeds, without a filled order within 60 s", _SEEDS - len(reached), "seeds", 1
        ),
        Figure("slowest first order of the other seeds", max(reached), "s", _LIMIT_S),
    ]


def _seconds_to_first_order(folder: Path, seed: int) -> float | None:
    place = installation(folder, {"SIMULATOR_SEED": str(seed), "TRADING_INTERVAL_SECONDS": "5"})
    began = time.monotonic()
    with running(place.start(CLI, "supervise")), place.desk() as desk:
        try:
            eventually(
                lambda: desk.watch.status().orders_by_status.get("FILLED"), within_s=_LIMIT_S, what="an order"
            )
        except AssertionError:
            return None
        return time.monotonic() - began
