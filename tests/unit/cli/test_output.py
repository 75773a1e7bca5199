import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from rich.console import Console

from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from binance_trade_agent.interfaces.cli.output import age, gain, money, print_json, table
from binance_trade_agent.interfaces.cli.trade import exit_code_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    quantity: Decimal
    at: datetime
    status: CommandStatus


def test_json_keeps_decimals_exact(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([Row(Decimal("0.00001000"), NOW, CommandStatus.DONE)])
    assert json.loads(capsys.readouterr().out) == [
        {"quantity": "0.00001", "at": "2026-01-01T00:00:00+00:00", "status": "done"}
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (7300, "2 h"), (200000, "2 d")]
)
def test_ages(seconds: int, text: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == text


def test_amounts() -> None:
    assert money(Decimal("12345.678")) == "12,345.68"
    assert gain(Decimal("5")) == "+5.00"
    assert gain(Decimal("-5")) == "-5.00"
    assert money(None) is None


def test_a_table_shows_markup_as_text_and_says_when_it_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    table("Things", ("name", "count>"), [("[red]x[/]", Decimal("1.50")), (None, 2)])
    table("Nothing", ("name",), [])
    shown = capsys.readouterr().out
    assert "[red]x[/]    1.5" in shown
    assert "–" in shown
    assert "none yet" in shown


@pytest.mark.parametrize(("width", "shows_ids"), [(80, False), (160, True)])
def test_a_narrow_terminal_gets_whole_numbers_and_no_ids(width: int, shows_ids: bool) -> None:
    screen = Console(width=width, file=io.StringIO())
    columns = (
        "age>",
        "symbol",
        "side",
        "type?",
        "purpose?",
        "quantity>",
        "executed>",
        "price>",
        "status",
        "id?",
    )
    row = ("10 min", "BTCUSDT", "BUY", "MARKET", "entry", Decimal("0.01137"), Decimal("0.01137"), "87,824.27")
    table("Orders", columns, [(*row, "PARTIALLY_FILLED", "bta-" + "7" * 32)], screen=screen)
    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) == 3
    assert "0.01137  87,824.27  PARTIALLY_FILLED" in lines[2]
    assert ("bta-" + "7" * 32 in lines[2]) is shows_ids


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (CommandStatus.DONE, Outcome.PLACED, ExitCode.OK),
        (CommandStatus.DONE, Outcome.HELD, ExitCode.OK),
        (CommandStatus.REFUSED, Outcome.REFUSED, ExitCode.REFUSED),
        (CommandStatus.FAILED, Outcome.UNKNOWN, ExitCode.OUTCOME_UNKNOWN),
        (CommandStatus.REFUSED, Outcome.UNRESOLVED, ExitCode.REFUSED),
        (CommandStatus.FAILED, Outcome.NO_DATA, ExitCode.FAILURE),
    ],
)
def test_exit_codes_of_a_trade(status: CommandStatus, outcome: Outcome, code: ExitCode) -> None:
    assert exit_code_of(CommandResult(status, "", {"outcome": outcome.value}, NOW)) is code


def test_what_is_piped_is_a_whole_row_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    long = "a reason of many words " * 40
    table("Rows", ("name", "why?"), [("one", long), ("two", "short")])
    title, head, one, two = capsys.readouterr().out.splitlines()
    assert (title, head) == ("Rows", "name  why")
    assert one == f"one   {long.strip()}"
    assert two == "two   short"
