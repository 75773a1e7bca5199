"""The documents say what the program does."""

import re
from pathlib import Path

import pytest

from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.app import app
from binance_trade_agent.interfaces.cli.settings_tables import settings_text, with_table
from binance_trade_agent.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_the_settings_tables_are_up_to_date() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == with_table(text, settings_text()), "run `make docs`"


def test_the_readme_names_every_setting() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"| `{name.upper()}` |" not in text] == []


def test_every_exit_code_is_in_the_table() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} >= set(ExitCode)


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    assert {name for name in names if f"`{name}" not in text} == set()


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_supervisord_passes_no_environment() -> None:
    lines = (ROOT / "supervisord.conf").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("environment")] == []


def test_compose_hands_every_setting_on_but_those_of_the_image() -> None:
    """A limit in `.env` that never reached the container would be no limit."""
    ours = {
        "DATA_DIR",
        "LOG_FORMAT",
        "DASHBOARD_HOST",
        "MCP_HOST",
        "METRICS_HOST",
        "SIMULATOR_HOST",
        "SIMULATOR_PORT",
    }
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    handed_on = set(re.findall(r"^      ([A-Z_]+): ", text, re.MULTILINE))
    assert handed_on == {name.upper() for name in Settings.model_fields} - ours
