"""A short `python -m proof crash`: kills at named points, inside the POST and while a person steers, compared after each."""

import random
from pathlib import Path

from binance_trade_agent.telemetry.crash_points import CrashPoint
from proof.comparison import read_books
from proof.crash import Campaign
from proof.kills import IN_THE_POST, Kill
from proof.lane import RESTLESS, lane, peopled
from proof.person import FLATTEN

_KILLS = (
    IN_THE_POST,
    Kill("at the reply", CrashPoint.REPLY_ARRIVED),
    Kill("before the POST", CrashPoint.INTENT_COMMITTED, visit=2),
    IN_THE_POST,
    Kill("inside the booking", CrashPoint.BOOKING, visit=2),
    Kill("at some time", after_s=0.6),
    Kill("a stop by hand, levels stored", CrashPoint.LEVELS_STORED, asks="protect"),
    # at no point: a booking of its start would kill the trader before it is asked
    Kill("a flatten", after_s=0.4, asks=FLATTEN),
    Kill("before an OCO is sent", CrashPoint.LIST_COMMITTED),
    # the one before may have come before the flatten ended: what is never killed at a point of its own ends it
    Kill("at another time", after_s=0.6),
)


def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    with lane(tmp_path, {**RESTLESS, **peopled(6)}) as opened:
        lives = Campaign(opened, random.Random(3))
        rounds = lives.run(_KILLS)
        assert [(each.kill.kind, each.faults, each.error) for each in rounds if not each.passed] == []
        assert [each.kill.kind for each in rounds if not each.reached] == []
        assert sum(1 for each in rounds if each.unanswered) >= 3
        assert rounds[-1].orders > len(_KILLS)
        acts = lives.judge.tallies(opened.exchange.truth(), read_books(opened.desk.watch))
        assert acts["protect"].asked >= 1
        assert sum(tally.asked for tally in acts.values()) > 4
        assert sum(tally.repeated for tally in acts.values()) >= 1
        assert [(each.state, each.kills > 0) for each in lives.judge.checked.flattens] == [("HALTED", True)]
