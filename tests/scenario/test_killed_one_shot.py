"""A process that carries out one command is killed in the middle: who waits for it is told by the next one."""

import json
from pathlib import Path

import pytest

from binance_trade_agent.domain.exit_codes import ExitCode
from tests.processes import CLI, installation, simulator


@pytest.mark.parametrize(
    ("killed_at", "orders"),
    [
        pytest.param("intent-committed", 0, id="before the order"),
        pytest.param("reply-arrived", 1, id="after it"),
    ],
)
def test_the_command_of_a_killed_process_is_closed_by_the_next(
    killed_at: str, orders: int, tmp_path: Path
) -> None:
    place = installation(tmp_path)
    buy = (CLI, "trade", "BTCUSDT", "--side", "buy", "--quantity", "0.001", "--key", "k", "--json")
    with simulator(place):
        killed = place.run(*buy, within_s=100, TRADE_AGENT_CRASH_POINT=killed_at)
        assert killed.returncode == ExitCode.FAILURE, killed.stderr + killed.stdout
        told = json.loads(killed.stdout)
        assert told["status"] == "failed"
        assert "died" in told["text"]
        again = place.run(*buy, within_s=100)
        assert (again.returncode, json.loads(again.stdout)["repeated"]) == (ExitCode.FAILURE, True)
        assert len([order for order in place.truth("orders") if order["type"] == "MARKET"]) == orders
    with place.desk() as desk:
        (act,) = desk.watch.audit()
    assert act.outcome == "failed"
    assert act.finished_at is not None
    assert (act.finished_at - act.at).total_seconds() < 90
