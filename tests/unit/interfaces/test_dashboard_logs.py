"""What the page of logs shows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from dash import no_update

from binance_trade_agent.bootstrap.log_tail import LogTail
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.interfaces.dashboard.log_lines import parsed
from binance_trade_agent.interfaces.dashboard.pages import logs
from tests.fakes import START, FakeDesk, fake_desk
from tests.unit.interfaces.test_dashboard_overview import text

SECRET = "hunter2-hunter2"


def event(text: str, level: str = "info", **more: object) -> str:
    return json.dumps({"event": text, "level": level, "timestamp": START.isoformat(), **more})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written = (
        event("session", strategy="rsi"),
        event("cycle", summary="cycle 7: 2 held"),
        event("oops", "error", exception="Traceback: boom"),
        f"no event, but {SECRET}",
    )
    (tmp_path / "autonomous_trader.log").write_text("\n".join(written) + "\n")
    (tmp_path / "dash_ui.log").write_text(event("dashboard ready") + "\n")
    return tmp_path


@pytest.fixture
def desk(folder: Path) -> FakeDesk:
    return replace(fake_desk(), logs=LogTail(folder, [SECRET]))


def shown(desk: FakeDesk, search: str = "") -> str:
    return " ".join(text(logs.lines(desk, None, search)).split())


def test_the_traders_lines_come_newest_first_without_secrets(desk: FakeDesk) -> None:
    assert shown(desk) == (
        "no event, but ********"
        " 09:30:00 ✕ error oops Traceback Traceback: boom"
        " 09:30:00 cycle 7: 2 held"
        " 09:30:00 session strategy=rsi"
    )


def test_lines_are_chosen_by_program_level_and_text(desk: FakeDesk) -> None:
    assert shown(desk, "?program=dash_ui") == "09:30:00 dashboard ready"
    assert shown(desk, "?level=error") == "09:30:00 ✕ error oops Traceback Traceback: boom"
    assert shown(desk, "?text=CYCLE") == "09:30:00 cycle 7: 2 held"
    assert shown(desk, f"?text={SECRET}").startswith("No line fits.")


def test_a_program_without_a_log_says_how_to_start_it(desk: FakeDesk) -> None:
    assert "watchdog has written no log yet" in shown(desk, "?program=watchdog")
    with pytest.raises(ConfigurationError):
        logs.lines(desk, None, "?program=../secrets")


def test_lines_are_read_again_only_when_more_was_written(desk: FakeDesk, folder: Path) -> None:
    first = logs.stamp(desk, None, "", None)
    assert logs.stamp(desk, 1, "", first) is no_update

    with (folder / "autonomous_trader.log").open("a") as file:
        file.write(event("more") + "\n")
    assert logs.stamp(desk, 2, "", first) not in (first, no_update)
    assert logs.stamp(desk, 3, "?program=watchdog", first) == "?program=watchdog none"

    held = logs.stamp(desk, 4, "?follow=no", first)
    with (folder / "autonomous_trader.log").open("a") as file:
        file.write(event("still more") + "\n")
    assert logs.stamp(desk, 5, "?follow=no", held) is no_update
    assert logs.stamp(desk, 6, "?follow=no&level=error", held) not in (held, no_update)


def test_what_is_no_event_is_told_as_it_is() -> None:
    assert parsed("[1, 2]").text == "[1, 2]"
    assert parsed(json.dumps({"event": "x", "timestamp": "yesterday"})).at is None
