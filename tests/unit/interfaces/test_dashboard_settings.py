"""What the page of settings shows, and changing one."""

import json
import sys
from dataclasses import replace
from typing import Any

import pytest

from binance_trade_agent.bootstrap.launched_changes import LaunchedChanges
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.overrides import Override
from binance_trade_agent.domain.records import Incident
from binance_trade_agent.interfaces.dashboard.acting import Doing, Wish
from binance_trade_agent.interfaces.dashboard.notification_acts import TEST, notifications_card
from binance_trade_agent.interfaces.dashboard.pages import settings
from binance_trade_agent.interfaces.dashboard.setting_acts import SET, UNSET
from tests.fake_settings import FakeOverrides, fake_settings
from tests.fakes import START, FakeDesk, fake_desk
from tests.unit.interfaces.test_dashboard_audit import HALT
from tests.unit.interfaces.test_dashboard_overview import text

SPREAD = "RISK_MAX_SPREAD_BPS"
SECRET = "correct-horse-battery"


def words(component: Any) -> str:
    return " ".join(text(component).split())


def set_desk(*overrides: Override, **given: str) -> FakeDesk:
    return replace(fake_desk(), settings=fake_settings(FakeOverrides(list(overrides)), **given))


def answering(answer: dict[str, object]) -> LaunchedChanges:
    return LaunchedChanges((sys.executable, "-c", f"print({json.dumps(json.dumps(answer))})"))


def test_every_setting_is_there_with_its_origin_and_no_secret() -> None:
    desk = set_desk(DASHBOARD_PASSWORD=SECRET, TRADING_INTERVAL_SECONDS="30")
    shown = words(settings.groups(desk, ""))

    assert all(setting.name in shown for setting in desk.settings.all())
    assert "seconds) 30 environment" in shown
    assert SECRET not in shown
    assert "******** environment" in shown


def test_settings_are_chosen_by_kind_and_text() -> None:
    desk = set_desk(TRADING_INTERVAL_SECONDS="30")
    changed = words(settings.groups(desk, "?show=changed"))
    assert "TRADING_INTERVAL_SECONDS" in changed
    assert SPREAD not in changed
    assert "TRADING_INTERVAL_SECONDS" not in words(settings.groups(desk, "?show=changeable"))
    assert words(settings.groups(desk, "?text=spread")).startswith("Risk ")
    assert "No setting fits" in words(settings.groups(desk, "?text=xyzzy"))


def test_what_is_set_at_run_time_stands_above_and_what_is_ignored_is_said() -> None:
    assert "Nothing is set at run time" in words(settings.overrides(set_desk()))
    desk = set_desk(Override(SPREAD, "20", "ann", START))
    ignored = Incident(f"override_ignored:{SPREAD}", f"{SPREAD} is ignored: too small", "critical", START)
    desk.reads.stored = replace(desk.reads.stored, incidents=(ignored,))

    shown = words(settings.overrides(desk))
    assert "20 50 ann, 09:30:00 Change Take back" in shown
    assert "is ignored: too small" in shown


def test_a_change_is_asked_checked_and_done() -> None:
    done = {"name": SPREAD, "before": "50", "after": "20", "done_at": START.isoformat(), "repeated": False}
    desk = replace(set_desk(), changes=answering({"done": done}))
    (field,) = SET.fields(desk, Wish(SPREAD))
    assert (field.label, field.value) == (SPREAD, "50")
    wish = Wish(SPREAD, {"value": "20"})
    assert "It is 50 and becomes 20" in SET.words(desk, wish).text
    changed = set_desk(Override(SPREAD, "30", "ben", START))
    bases = [SET.words(each, wish).basis[SPREAD] for each in (desk, changed)]
    assert bases == ["50", "30"]

    told = SET.do(Doing(desk, wish, "k", "thin market"))
    assert told.done
    assert told.text.startswith(f"{SPREAD}: 50 → 20;")


def test_a_value_that_is_refused_is_not_told_as_set() -> None:
    with pytest.raises(ConfigurationError) as refused:
        SET.words(set_desk(), Wish(SPREAD, {"value": "-3"}))
    assert str(refused.value).startswith(f"{SPREAD}=-3 is not allowed: ")
    (field,) = SET.fields(set_desk(), Wish("RISK_LOSS_COOLDOWN_CANDLES"))
    assert ".:" not in field.hint


def test_what_cannot_be_is_said_before_anything_is_done() -> None:
    desk = set_desk()
    for wish, why in (
        (Wish(SPREAD, {"value": "-3"}), SPREAD),
        (Wish(SPREAD, {"value": "50"}), "already"),
        (Wish(SPREAD, {"value": " "}), "blank"),
        (Wish("TRADING_MODE", {"value": "live"}), "cannot change at run time"),
        (Wish("DASHBOARD_PASSWORD", {"value": "x"}), "cannot change at run time"),
    ):
        with pytest.raises(ConfigurationError, match=why):
            SET.words(desk, wish)
    with pytest.raises(ConfigurationError, match="not set at run time"):
        UNSET.words(desk, Wish(SPREAD))


def test_a_change_that_the_process_refuses_raises_its_problems() -> None:
    desk = replace(
        set_desk(Override(SPREAD, "20", "ann", START)), changes=answering({"problems": ["no such"]})
    )
    assert "set at run time by ann" in UNSET.words(desk, Wish(SPREAD)).text

    with pytest.raises(ConfigurationError, match="no such"):
        UNSET.do(Doing(desk, Wish(SPREAD), "k", "r"))


def test_a_test_notification_is_offered_where_an_address_is_set() -> None:
    unset = set_desk()
    assert "Nobody is told" in words(notifications_card(unset))
    with pytest.raises(ConfigurationError, match="nobody to tell"):
        TEST.words(unset, Wish("", {}))

    desk = set_desk(NOTIFY_URLS=f"tgram://{SECRET}/1")
    assert "No test was sent lately" in words(notifications_card(desk))
    asked, told = TEST.words(desk, Wish("", {})), TEST.do(Doing(desk, Wish("", {}), "k", "new phone"))
    assert "Every address of NOTIFY_URLS is sent" in asked.text
    assert (told.done, told.text) == (
        True,
        "The test message was taken by json; look there whether it arrived.",
    )
    sent = replace(HALT, action="test_notification", answer=told.text)
    desk.reads.audit_rows = (sent,)
    assert f"Last test, 09:30:00 : done {told.text}" in words(notifications_card(desk))
    assert SECRET not in words(notifications_card(desk))
