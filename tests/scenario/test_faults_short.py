"""A selection of `python -m proof faults`: the rows that need not wait for window and grace."""

from pathlib import Path

import pytest

from proof.faults import ROWS, play

_SHORT = ("1", "10", "13", "28", "34a", "37", "43b", "57c", "54a", "F3", "F4", "H1", "H2a")


@pytest.mark.parametrize("number", _SHORT)
def test_a_fault_neither_doubles_nor_loses_an_order(tmp_path: Path, number: str) -> None:
    (row,) = [row for row in ROWS if row.number == number]
    verdict = play(row, tmp_path)
    assert verdict.passed, f"{verdict.fault}: {verdict.failures}; {verdict.did}"


def test_the_table_has_a_row_for_every_fault_that_applies_to_spot() -> None:
    numbers = [row.number for row in ROWS]
    assert len(numbers) == len(set(numbers))
    assert len(numbers) >= 50
