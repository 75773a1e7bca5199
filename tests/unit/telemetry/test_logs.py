"""What a log line says, and what it must never say."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.telemetry.logs import configure_logs


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Puts logging back as it was: it belongs to the whole process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configure(tmp_path: Path, *, line_format: str = "line", level: str = "INFO") -> Path:
    configure_logs("trader", level=level, line_format=line_format, log_dir=tmp_path / "logs")
    return tmp_path / "logs" / "trader.log"


def test_a_line_for_people_and_json_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = configure(tmp_path)
    structlog.get_logger("a").info("order adopted", symbol="BTCUSDT")
    structlog.get_logger("a").info("cycle", summary="cycle 7 | all quiet", number=7)
    first, second = capsys.readouterr().out.splitlines()
    assert first[8:] == " trader: order adopted symbol=BTCUSDT"
    assert second[8:] == " cycle 7 | all quiet"
    event = json.loads(file.read_text().splitlines()[0])
    assert event["timestamp"].endswith("Z")
    del event["timestamp"]
    assert event == {
        "event": "order adopted",
        "symbol": "BTCUSDT",
        "level": "info",
        "logger": "a",
        "program": "trader",
    }


@pytest.mark.parametrize("line_format", ["line", "json"])
def test_no_secret_reaches_a_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line_format: str
) -> None:
    file = configure(tmp_path, line_format=line_format)
    log = structlog.get_logger("a")
    log.warning("keys", api_key="hunter1", BINANCE_API_SECRET="hunter2", params={"signature": "hunter3"})
    log.warning("GET /api/v3/order?symbol=BTCUSDT&signature=hunter4&x=1")
    logging.getLogger("a.library").error("refused by %s", "postgresql://bob:hunter5@db/trades")
    try:
        raise RuntimeError("cannot read http://127.0.0.1/login?token=hunter6")
    except RuntimeError:
        log.exception("failed")
    for text in (capsys.readouterr().out, file.read_text()):
        assert "hunter" not in text
        assert "symbol=BTCUSDT&signature=********&x=1" in text
        assert "postgresql://bob:********@db/trades" in text
        assert "login?token=********" in text


@pytest.mark.parametrize("name", ["apprise", "urllib3.connectionpool", "httpx", "websockets.client"])
def test_libraries_that_name_addresses_stay_quiet_even_at_debug(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    configure(tmp_path, level="DEBUG")
    logging.getLogger(name).debug("POST https://api.telegram.org/bot12:hunter1/sendMessage")
    logging.getLogger(name).warning("it failed")
    assert [line[8:] for line in capsys.readouterr().out.splitlines()] == [" WARNING trader: it failed"]


def test_a_failure_shows_its_trace_to_people_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = configure(tmp_path)
    try:
        raise ZeroDivisionError("of a price")
    except ZeroDivisionError:
        structlog.get_logger("a").exception("the trader failed")
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].endswith("ERROR trader: the trader failed")
    assert shown.splitlines()[-1] == "ZeroDivisionError: of a price"
    assert "ZeroDivisionError: of a price" in json.loads(file.read_text())["exception"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "logs").touch()
    with pytest.raises(ConfigurationError, match=r"trader\.log cannot be written: File exists"):
        configure(tmp_path)
