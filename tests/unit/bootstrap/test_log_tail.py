"""A log that is followed: rotation, half lines, secrets."""

from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.log_tail import LogTail
from binance_trade_agent.domain.errors import ConfigurationError


def test_new_lines_come_once_also_over_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "autonomous_trader.log"
    log.write_text("one\ntwo\n")
    follower = LogTail(tmp_path).follow("autonomous_trader")
    assert follower.read() == ["one", "two"]
    assert follower.read() == []

    with log.open("a") as file:
        file.write("three\nfo")
    assert follower.read() == ["three"]
    with log.open("a") as file:
        file.write("ur\nfive\n")
    log.rename(tmp_path / "autonomous_trader.log.1")
    assert follower.read() == ["four", "five"]
    log.write_text("six\n")
    assert follower.read() == ["six"]
    follower.close()


def test_a_followed_log_tells_no_secret_and_of_a_long_one_only_the_end(tmp_path: Path) -> None:
    (tmp_path / "dash_ui.log").write_text(("first\n" + "x" * 99 + "\n") * 20_000 + "key hunter22 end\n")
    follower = LogTail(tmp_path, ["hunter22"]).follow("dash_ui")
    lines = follower.read()
    follower.close()

    assert lines[-1] == "key ******** end"
    assert 0 < len(lines) < 40_000
    assert set(lines[:-1]) == {"first", "x" * 99}


def test_a_log_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "dash_ui.log").write_text("")
    for name in ("autonomous_trader", "../secrets"):
        with pytest.raises(ConfigurationError, match="there are: dash_ui"):
            LogTail(tmp_path).follow(name)
