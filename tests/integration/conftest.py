"""A trading desk on a real database with an exchange in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.desk import DeskUnderTest, make_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskUnderTest]:
    made = make_desk(tmp_path)
    yield made
    made.store.database.close()


@pytest.fixture
def new_desk(tmp_path: Path) -> Iterator[Callable[..., DeskUnderTest]]:
    made: list[DeskUnderTest] = []

    def make(**options: object) -> DeskUnderTest:
        made.append(make_desk(tmp_path, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for desk in made:
        desk.store.database.close()
