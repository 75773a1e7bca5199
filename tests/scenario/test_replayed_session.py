"""A short `python -m proof replay`: a real trader with orders, faults, people and a kill, decided again while it runs."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from binance_trade_agent.domain.exit_codes import ExitCode
from proof.lane import VARIANTS, Lane, lane
from proof.replay import KINDS_OF_ACTS, SETTINGS, SHORT_EVENTS, replayed
from proof.session import Act, Event, Played
from tests.processes import CLI

CYCLES = 160

EVENTS: tuple[Event, ...] = (*SHORT_EVENTS, (0.92, lambda act: act.meet("weight")))


@dataclass(frozen=True)
class Seen:
    """A played session, and what its replay said while the trader still ran."""

    lane: Lane
    session_id: str
    played: Played
    report: dict[str, Any]

    def changed(self, folder: Path, *statements: str) -> dict[str, Any]:
        """The replay of a copy of the books in which something was changed."""
        shutil.copytree(self.lane.place.settings.data_dir, folder)
        with closing(sqlite3.connect(folder / "portfolio.db")) as connection, connection:
            for statement in statements:
                assert connection.execute(statement).rowcount > 0, statement
        place = replace(self.lane.place, environment={**self.lane.place.environment, "DATA_DIR": str(folder)})
        return replayed(place, self.session_id)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("replayed")
    # so short a session does not use up a minute's request weight
    with lane(folder, {**SETTINGS, **VARIANTS[0], "TRADING_INTERVAL_SECONDS": "0.3"}) as opened:
        act = Act(opened)
        session = act.play(CYCLES, EVENTS)
        report = replayed(opened.place, session.id)
        opened.stop()
        yield Seen(opened, session.id, act.played, report)


def test_nothing_differs_while_the_trader_runs_and_after_its_end(seen: Seen) -> None:
    for report in (seen.report, replayed(seen.lane.place, seen.session_id)):
        assert report["differences"] == []
        assert report["cycles"] >= CYCLES
        assert report["decisions"] == report["recomputed"] + sum(
            (*report["partly"].values(), *report["not_recomputed"].values())
        )
        assert report["recomputed"] > CYCLES
        assert report["checked"]["orders"] > CYCLES / 10
        assert report["partly"]["asked for by a person"] >= 2
        assert report["not_recomputed"]["interrupted"] >= 1


def test_a_session_of_faults_people_and_kills_was_played(seen: Seen) -> None:
    assert seen.played.kills == 2
    assert sum(map(bool, seen.played.faults.values())) >= 5
    assert len(seen.played.acts) == KINDS_OF_ACTS, seen.played.acts
    assert len(seen.played.commands) > KINDS_OF_ACTS
    assert len(seen.played.taken) == 1
    assert seen.lane.desk.watch.outside_flows(limit=100)[0].kind in {"foreign", "moved"}
    session = seen.lane.desk.watch.status().session
    assert session is not None
    assert session.id == seen.session_id


def test_sessions_are_listed_and_one_that_is_not_there_is_said(seen: Seen) -> None:
    place = seen.lane.place
    (listed,) = json.loads(place.run(CLI, "sessions", "--json").stdout)
    assert (listed["id"], listed["replayable"], listed["end_reason"]) == (seen.session_id, True, "stopped")
    assert listed["cycles"] >= CYCLES
    gone = place.run(CLI, "replay", "nothing")
    assert gone.returncode == ExitCode.CONFIGURATION
    assert "no id begins with 'nothing'" in gone.stderr


@pytest.mark.parametrize(
    ("field", "statement"),
    [
        pytest.param(
            "value close",
            "UPDATE candles SET close = '1.5' WHERE symbol = 'BTCUSDT' AND close_time IN (SELECT signal_candle"
            " FROM decisions WHERE symbol = 'BTCUSDT' AND action = 'BUY' AND strategy = 'restless' ORDER BY"
            " decided_at LIMIT 1 OFFSET 2)",
            id="a candle",
        ),
        pytest.param(
            "fill",
            "UPDATE fills SET price = '1.5' WHERE trade_id = (SELECT min(trade_id) FROM fills WHERE symbol ="
            " 'ETHUSDT') AND symbol = 'ETHUSDT'",
            id="the price of a fill",
        ),
        pytest.param(
            "cash",
            "UPDATE flows SET amount = '-1.5' WHERE id = (SELECT min(id) FROM flows WHERE kind = 'fill' AND asset"
            " = 'USDT')",
            id="the cost of a fill",
        ),
        pytest.param(
            "gate spread: text",
            "UPDATE decisions SET gates = replace(gates, 'the spread is', 'the spread was')",
            id="the text of a gate",
        ),
        pytest.param(
            "reason 1",
            "UPDATE sessions SET plan = json_set(plan, '$.strategies.ETHUSDT.params.step_share', 0.0003)",
            id="a parameter of a strategy",
        ),
        pytest.param(
            "order quantity",
            "UPDATE sessions SET plan = json_set(plan, '$.risk.order_share', '0.03')",
            id="a limit of the plan",
        ),
        pytest.param(
            "order quantity",
            "UPDATE orders SET quantity = '7' WHERE client_order_id = (SELECT client_order_id FROM orders WHERE"
            " purpose = 'entry' LIMIT 1)",
            id="the quantity of an order",
        ),
        pytest.param(
            "decision",
            "DELETE FROM decisions WHERE id = (SELECT id FROM decisions WHERE outcome = 'held' AND symbol ="
            " 'BNBUSDT' LIMIT 1)",
            id="a decision that is gone",
        ),
    ],
)
def test_what_was_changed_since_is_reported(seen: Seen, tmp_path: Path, field: str, statement: str) -> None:
    report = seen.changed(tmp_path / "changed", statement)
    assert field in report["by_field"]
    assert report["differences_in_all"] == sum(report["by_field"].values())
    assert any(difference["field"] == field for difference in report["differences"])
