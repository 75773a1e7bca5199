"""Real market data, where the machine has it."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def recorded(name: str) -> Path:
    """The file `name`; skips the test where the folder beside the repository is missing."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip("../shared/data, the folder of recorded market data, is not beside this repository")
    return path
