"""A short `python -m proof crash`: kills at named points and inside the POST, compared after each."""

import random
from pathlib import Path

from binance_trade_agent.telemetry.crash_points import CrashPoint
from proof.crash import Campaign
from proof.kills import IN_THE_POST, Kill
from proof.lane import RESTLESS, lane, symbols

_KILLS = (
    IN_THE_POST,
    Kill("at the reply", CrashPoint.REPLY_ARRIVED),
    Kill("before the POST", CrashPoint.INTENT_COMMITTED, visit=2),
    IN_THE_POST,
    Kill("inside the booking", CrashPoint.BOOKING, visit=2),
    Kill("at some time", after_s=0.6),
    Kill("before an OCO is sent", CrashPoint.LIST_COMMITTED),
)


def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    with lane(tmp_path, {**RESTLESS, "TRADING_SYMBOLS": symbols(6)}) as opened:
        rounds = Campaign(opened, random.Random(3)).run(_KILLS)
        assert [(each.kill.kind, each.faults, each.error) for each in rounds if not each.passed] == []
        assert [each.kill.kind for each in rounds if not each.reached] == []
        assert sum(1 for each in rounds if each.unanswered) >= 3
        assert rounds[-1].orders > len(_KILLS)
