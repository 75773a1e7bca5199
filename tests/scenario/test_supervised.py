"""The whole installation under the real supervisord, as `make up` starts it."""

import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.books import check_books
from tests.processes import CLI, SUPERVISORCTL, Installation, eventually, free_port, installation, running

PROGRAMS = {"autonomous_trader", "binance_agent", "dash_ui", "exchange_simulator", "watchdog"}


#: Restarts the trader for the dashboard, and dies by SIGKILL between the stop and the start.
KILLED_IN_BETWEEN = """
import os, signal
from binance_trade_agent.bootstrap.desk import open_desk
from binance_trade_agent.bootstrap.supervisor_rpc import SupervisorClient
from binance_trade_agent.settings import load_settings

SupervisorClient.start = lambda self, program: os.kill(os.getpid(), signal.SIGKILL)
open_desk(load_settings()).programs.restart(actor="ann", channel="dashboard", reason="killed")
"""


def states(place: Installation) -> dict[str, str]:
    answer = place.run(SUPERVISORCTL, "-c", place.settings.run_dir / "supervisorctl.conf", "status")
    rows = (line.split() for line in answer.stdout.splitlines())
    return {row[0]: row[1] for row in rows if len(row) > 1}


def control(place: Installation, *words: str) -> None:
    answer = place.run(SUPERVISORCTL, "-c", place.settings.run_dir / "supervisorctl.conf", *words)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def pid_of(place: Installation, program: str) -> int:
    answer = place.run(SUPERVISORCTL, "-c", place.settings.run_dir / "supervisorctl.conf", "pid", program)
    return int(answer.stdout)


def completed(place: Installation) -> int:
    with place.desk() as desk:
        return sum(1 for row in desk.watch.cycles(limit=10_000) if row.finished_at is not None)


def filled(place: Installation) -> int:
    with place.desk() as desk:
        return desk.watch.status().orders_by_status.get("FILLED", 0)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    made = installation(tmp_path, {"METRICS_PORT": str(free_port())})
    with running(made.start(CLI, "supervise")):
        eventually(
            lambda: made.settings.run_dir.joinpath("supervisor.sock").exists(), within_s=120, what="socket"
        )
        yield made


def test_everything_runs_trades_and_survives_stop_start_and_kill(place: Installation) -> None:
    eventually(
        lambda: set(states(place).items()) >= {(p, "RUNNING") for p in PROGRAMS}, within_s=120, what="RUNNING"
    )
    eventually(lambda: filled(place), within_s=120, what="a filled order")
    socket_mode = stat.S_IMODE(place.settings.run_dir.joinpath("supervisor.sock").stat().st_mode)
    assert socket_mode == 0o700

    stopped = place.run(CLI, "stop", "--reason", "lunch", "--yes")
    assert (stopped.returncode, stopped.stdout) == (0, "autonomous_trader was RUNNING and is STOPPED\n")
    assert states(place)["autonomous_trader"] == "STOPPED"
    with place.desk() as desk:
        positions = {p.symbol: p.quantity for p in desk.watch.positions()}
        orders = {o.client_order_id for o in desk.watch.orders(limit=10_000)}
        assert desk.watch.status().health.condition == "stopped"
        (row,) = desk.watch.audit()
        assert (row.action, row.before, row.after, row.outcome) == ("stop", "RUNNING", "STOPPED", "done")
    before = completed(place)
    assert place.run(CLI, "start").stdout.startswith("autonomous_trader was STOPPED and is ")
    eventually(lambda: completed(place) > before, within_s=120, what="cycles after the start")
    with place.desk() as desk:
        assert set(positions) <= {p.symbol for p in desk.watch.positions()}
        assert orders <= {o.client_order_id for o in desk.watch.orders(limit=10_000)}

    before = completed(place)
    os.kill(pid_of(place, "autonomous_trader"), signal.SIGKILL)
    eventually(lambda: completed(place) > before, within_s=120, what="a completed cycle after kill -9")
    control(place, "stop", "autonomous_trader")
    with place.desk() as desk:
        rows = desk.watch.cycles(limit=10_000)
        assert rows
        assert all(row.outcome != "open" for row in rows)
        check_books(place, desk.watch)

    # reactive mode: the command line trades while the trader is stopped
    answer = place.run(CLI, "trade", "BTCUSDT", "--side", "buy", "--quantity", "0.001", "--json")
    assert answer.returncode in (0, 3), answer.stdout + answer.stderr
    assert states(place)["autonomous_trader"] == "STOPPED"
    with place.desk() as desk:
        check_books(place, desk.watch)


def test_an_ended_session_is_exited_and_not_restarted(tmp_path: Path) -> None:
    place = installation(tmp_path, {"SIGNAL_AGENT_TEST_MODE": "true"})
    with running(place.start(CLI, "supervise")):
        eventually(
            lambda: (
                place.settings.run_dir.joinpath("supervisor.sock").exists()
                and states(place).get("autonomous_trader") == "EXITED"
            ),
            within_s=120,
            what="EXITED",
        )
        eventually(
            lambda: states(place).get("binance_agent") == "RUNNING", within_s=120, what="the others run on"
        )
        assert states(place)["autonomous_trader"] == "EXITED"
        assert len(place.truth("orders")) == 1
        answer = place.run(CLI, "health")
        assert answer.returncode == 0, answer.stdout


def test_a_trader_that_hangs_is_killed_and_cycles_again(place: Installation) -> None:
    eventually(lambda: completed(place) > 1, within_s=120, what="cycles")
    hung = pid_of(place, "autonomous_trader")
    before = completed(place)
    os.kill(hung, signal.SIGSTOP)
    eventually(lambda: pid_of(place, "autonomous_trader") not in (0, hung), within_s=120, what="a new trader")
    eventually(lambda: completed(place) > before, within_s=120, what="cycles again")


def test_a_restart_that_a_kill_cut_in_two_is_finished_by_the_next_dashboard(place: Installation) -> None:
    eventually(
        lambda: (
            states(place).get("autonomous_trader") == "RUNNING" and states(place).get("dash_ui") == "RUNNING"
        ),
        within_s=120,
        what="RUNNING",
    )
    killed = place.run(sys.executable, "-c", KILLED_IN_BETWEEN)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert states(place)["autonomous_trader"] == "STOPPED"
    os.kill(pid_of(place, "dash_ui"), signal.SIGKILL)
    eventually(
        lambda: states(place)["autonomous_trader"] == "RUNNING", within_s=120, what="the trader runs again"
    )
    with place.desk() as desk:
        ended = eventually(
            lambda: [row for row in desk.watch.audit() if row.reason == "killed" and row.outcome],
            within_s=120,
            what="the act is ended",
        )
    assert (ended[0].outcome, ended[0].before, ended[0].action) == ("done", "unknown", "restart")
