"""Traders broken on purpose must be found out by the same machinery that passes the real one."""

import random
from pathlib import Path

import pytest

from proof.broken import VARIABLE
from proof.crash import Campaign
from proof.faults import Verdict, play
from proof.kills import Kill
from proof.lane import RESTLESS, lane, symbols
from proof.rows.replies import deaf, lost
from proof.rows.row import Row

_BROKEN = "proof.broken"
_LOST_REPLY = Row("0", "reply lost", deaf(lost("execute_then_reset")))


def played(folder: Path, how: str) -> Verdict:
    row = Row("0", "reply lost", _LOST_REPLY.play, settings={VARIABLE: how})
    return play(row, folder, program=_BROKEN, patience_s=10)


def test_an_adapter_that_sends_again_is_reported_as_doubled(tmp_path: Path) -> None:
    verdict = played(tmp_path, "resends")
    assert not verdict.passed
    assert any("orders_doubled" in failure for failure in verdict.failures), verdict.failures
    assert verdict.at_exchange.startswith("2 FILLED") or "3 FILLED" in verdict.at_exchange


def test_a_journal_that_forgets_unknown_is_reported_as_lost(tmp_path: Path) -> None:
    verdict = played(tmp_path, "forgets")
    assert not verdict.passed
    assert any("orders_lost" in failure for failure in verdict.failures), verdict.failures


@pytest.mark.parametrize(("how", "kind"), [("resends", "orders_doubled"), ("forgets", "orders_lost")])
def test_a_campaign_of_kills_reports_them_too(tmp_path: Path, how: str, kind: str) -> None:
    kills = [Kill("at some time", after_s=0.5, during="reply lost, no stream")] * 2
    settings = {**RESTLESS, "TRADING_SYMBOLS": symbols(4), VARIABLE: how}
    with lane(tmp_path, settings, program=_BROKEN) as opened:
        rounds = Campaign(opened, random.Random(5)).run(kills)
    assert any(kind in each.faults for each in rounds), [(each.faults, each.error) for each in rounds]
