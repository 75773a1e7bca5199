"""docs/strategies.md says what the shipped strategies are."""

import re
from pathlib import Path

import pytest

from binance_trade_agent.strategies.shipped import SHIPPED

PAGE = (Path(__file__).parents[3] / "docs" / "strategies.md").read_text(encoding="utf-8")


def row_of(name: str) -> list[str]:
    (row,) = re.findall(rf"^\| `{name}` \|(.+\| (?:yes|no) \| \d+) \|$", PAGE, re.MULTILINE)
    return [cell.strip() for cell in row.split("|")]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_table_tells_whether_it_adds_and_its_warmup(name: str) -> None:
    strategy = SHIPPED[name]()
    *_, adds, warmup = row_of(name)
    assert (adds, warmup) == ("yes" if strategy.adds else "no", str(strategy.warmup_candles))


@pytest.mark.parametrize("name", SHIPPED)
def test_each_parameter_is_there_with_its_default(name: str) -> None:
    (section,) = re.findall(rf"^### {name}\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
    told = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", section, re.MULTILINE))
    assert told == {parameter: str(default) for parameter, default in SHIPPED[name]().model_dump().items()}
