"""Traders broken on purpose must be found out by the same machinery that passes the real one."""

import random
from pathlib import Path

import pytest

from proof.broken import VARIABLE
from proof.crash import Campaign, Round
from proof.faults import play
from proof.kills import Kill
from proof.lane import RESTLESS, TRADER, lane, symbols
from proof.rows.replies import deaf
from proof.rows.row import Row
from proof.stage import ORDER, Stage

_BROKEN = "proof.broken"
_MOST_KILLS = 12


@deaf
def reply_lost(stage: Stage) -> None:
    stage.start()
    stage.fault("execute_then_reset", match={"method": "POST", "path": ORDER})
    stage.buy()
    stage.expect_honest()


@pytest.mark.parametrize(
    ("how", "reported"), [("resends", "orders_doubled"), ("forgets", "orders_lost"), ("not at all", "")]
)
def test_a_row_reports_what_is_broken(tmp_path: Path, how: str, reported: str) -> None:
    program = _BROKEN if reported else TRADER
    row = Row("0", "reply lost", reply_lost, settings={VARIABLE: how})
    verdict = play(row, tmp_path, program=program, patience_s=15)
    assert verdict.passed is not bool(reported), verdict.failures
    assert reported in "; ".join(verdict.failures)


@pytest.mark.parametrize(("how", "kind"), [("resends", "orders_doubled"), ("forgets", "orders_lost")])
def test_a_campaign_of_kills_reports_what_is_broken(tmp_path: Path, how: str, kind: str) -> None:
    kill = Kill("at some time", after_s=0.8, during="reply lost, no stream")
    settings = {**RESTLESS, "TRADING_SYMBOLS": symbols(4), VARIABLE: how}
    rounds: list[Round] = []
    with lane(tmp_path, settings, program=_BROKEN) as opened:
        campaign = Campaign(opened, random.Random(5))
        # a kill may come while no reply was lost, or when what was forgotten has been found again
        while len(rounds) < _MOST_KILLS and not any(kind in each.faults for each in rounds):
            rounds += campaign.run([kill])
    assert any(kind in each.faults for each in rounds), [(each.faults, each.error) for each in rounds]
