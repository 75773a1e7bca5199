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


def test_the_newest_lines_of_some_levels_come_oldest_first(tmp_path: Path) -> None:
    log = tmp_path / "autonomous_trader.log"
    log.write_text(
        "".join(f'{{"event": "{n}", "level": "{"error" if n % 3 else "info"}"}}\n' for n in range(9))
    )
    (tmp_path / "supervisord.log").write_text("2026-11-23 WARN late\n2026-11-23 INFO fine\n")
    tail = LogTail(tmp_path, ["hunter22"])

    assert [line[11] for line in tail.last("autonomous_trader", 3, levels=("error", "critical"))] == [
        "5",
        "7",
        "8",
    ]
    assert tail.last("supervisord", 5, levels=("warning",)) == ("2026-11-23 WARN late",)


def test_a_secret_cannot_be_searched_for(tmp_path: Path) -> None:
    (tmp_path / "dash_ui.log").write_text("opened with hunter22\n")
    tail = LogTail(tmp_path, ["hunter22"])

    assert tail.last("dash_ui", 5, "hunter22") == ()
    assert tail.last("dash_ui", 5, "opened") == ("opened with ********",)


def test_each_line_changes_the_stamp(tmp_path: Path) -> None:
    log = tmp_path / "dash_ui.log"
    log.write_text("one\n")
    tail = LogTail(tmp_path)
    before = tail.stamp("dash_ui")
    assert tail.stamp("dash_ui") == before

    with log.open("a") as file:
        file.write("two\n")
    assert tail.stamp("dash_ui") != before
    with pytest.raises(ConfigurationError):
        tail.stamp("../secrets")
