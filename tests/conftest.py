"""What every test runs under."""

import decimal
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes says nothing of the code: machines are slow, and busy
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", settings.get_profile("patient"), derandomize=True)
# where nobody looks for new examples, a failure must be of the change
settings.load_profile("repeatable" if os.environ.get("REQUIRE_ALL_TESTS") == "1" else "patient")

#: Of whole programs, minutes a file: begun first, so that at the end no worker is left alone with one.
LONGEST = ("scenario", "browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files before the others; else in the order they have."""
    items.sort(key=_is_short)


def _is_short(item: pytest.Item) -> bool:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return folder not in LONGEST


@pytest.fixture(autouse=True)
def usual_rounding() -> Iterator[None]:
    """Decimals round in every test as in every program: ccxt changes the context of whoever calls it."""
    with decimal.localcontext(decimal.DefaultContext):
        yield
