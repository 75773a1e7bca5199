"""What a person is told to set about a gate that blocked."""

import re
from pathlib import Path

import pytest

from binance_trade_agent.domain.gate_advice import (
    GATES,
    change_for,
    change_unseen,
    has_advice,
    others_that_failed,
    title_of,
)
from binance_trade_agent.settings import Settings
from tests.summaries import gate

CASES = [
    ("spread", "50 bps", "61.3 bps", "RISK_MAX_SPREAD_BPS", "50", "61.3"),
    ("stale_data", "190 s", "250.1 s", "RISK_MAX_DATA_AGE_SECONDS", "0", "250.1"),
    ("price_jump", "5%", "7.12%", "RISK_MAX_PRICE_JUMP_SHARE", "0.05", "0.0712"),
    ("cooldown", "3 candles", "1 candle", "RISK_COOLDOWN_CANDLES", "3", "1"),
    ("loss_cooldown", "10 candles", "4 candles", "RISK_LOSS_COOLDOWN_CANDLES", "10", "4"),
    ("losing_streak", "under 5 losses", "6 losses", "RISK_MAX_LOSING_STREAK", "5", "7"),
    ("order_rate_minute", "under 20 entries", "20 entries", "RISK_MAX_ORDERS_PER_MINUTE", "20", "21"),
    ("order_rate_day", "under 500 entries", "500 entries", "RISK_MAX_ORDERS_PER_DAY", "500", "501"),
    ("open_positions", "under 5 positions", "5 positions", "RISK_MAX_OPEN_POSITIONS", "5", "6"),
    ("symbol_exposure", "2500.00 USDT", "2600.01 USDT", "RISK_MAX_SYMBOL_SHARE", "0.25", "0.2601"),
    ("total_exposure", "8000 USDT", "8100 USDT", "RISK_MAX_TOTAL_SHARE", "0.80", "0.81"),
    ("correlation", "6000 USDT", "6300 USDT", "RISK_MAX_CORRELATED_SHARE", "0.60", "0.63"),
    ("daily_loss", "under 5%", "5.20%", "RISK_DAILY_LOSS_SHARE", "0.05", "0.0521"),
    ("drawdown", "under 20%", "20.00%", "RISK_MAX_DRAWDOWN_SHARE", "0.20", "0.2001"),
    ("warmup", "66 candles", "50 candles", "CANDLE_HISTORY", "50", "66"),
]


@pytest.mark.parametrize(("name", "limit", "observed", "setting", "value", "needed"), CASES)
def test_the_setting_and_the_value_that_would_have_let_it_pass(
    name: str, limit: str, observed: str, setting: str, value: str, needed: str
) -> None:
    change = change_for(gate(name, False, limit, observed), {setting: value})
    assert (change.setting, change.value, change.needed) == (setting, value, needed)
    assert change.text.startswith(f"{setting} is {value}")
    assert needed in change.text


def test_a_limit_that_follows_from_the_setting_is_shown_beside_it() -> None:
    stale = change_for(gate("stale_data", False, "190 s", "250 s"), {"RISK_MAX_DATA_AGE_SECONDS": "0"})
    assert stale.text.startswith("RISK_MAX_DATA_AGE_SECONDS is 0 (190 s); at least 250 would")


@pytest.mark.parametrize(
    ("name", "limit", "observed", "setting", "value"),
    [
        ("warmup", "66 candles", "50 candles", "CANDLE_HISTORY", "300"),
        ("spread", "50 bps", "61.3 bps", "RISK_MAX_SPREAD_BPS", "80"),
        ("cooldown", "3 candles", "1 candle", "RISK_COOLDOWN_CANDLES", "0"),
        ("losing_streak", "under 5 losses", "6 losses", "RISK_MAX_LOSING_STREAK", "0"),
    ],
)
def test_a_value_that_is_set_already_is_no_advice(
    name: str, limit: str, observed: str, setting: str, value: str
) -> None:
    change = change_for(gate(name, False, limit, observed), {setting: value}, is_earlier=name != "warmup")
    assert (change.value, change.needed) == (value, None)
    assert "would have let it pass" not in change.text


def test_a_latched_limit_whose_loss_recovered_is_lifted_by_a_person_alone() -> None:
    change = change_for(gate("daily_loss", False, "under 5%", "1.00%"), {"RISK_DAILY_LOSS_SHARE": "0.05"})
    assert change.needed is None
    assert "resume" in change.text


def test_more_than_the_whole_is_no_share_to_set() -> None:
    change = change_for(
        gate("total_exposure", False, "8000 USDT", "10500 USDT"), {"RISK_MAX_TOTAL_SHARE": "0.8"}
    )
    assert change.needed is None


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "RISK_ORDER_SHARE"),
        ({"RISK_SIZING": "atr_risk"}, "RISK_PER_TRADE_SHARE"),
        ({"RISK_SIZING": "volatility_target"}, "RISK_VOLATILITY_TARGET"),
        ({"RISK_SIZING": "share", "RISK_ORDER_QUOTE": "5"}, "RISK_ORDER_QUOTE"),
    ],
)
def test_an_entry_that_is_too_small_is_told_what_sizes_it(settings: dict[str, str], named: str) -> None:
    small = gate("lot_size", False, "0.001 BTC or more", "0 BTC")
    assert named in change_for(small, settings).text
    assert "nothing to set" in change_for(small, settings, is_exit=True).text


@pytest.mark.parametrize(
    "name", ["halted", "paused", "entries_halted", "not_traded", "unresolved_order", "free_balance"]
)
def test_gates_without_a_setting_have_a_remedy(name: str) -> None:
    change = change_for(gate(name, False, "a", "b"), {})
    assert change.setting is None
    assert len(change.text) > 20
    assert change_unseen(name, {}).text == change.text


def test_an_earlier_session_is_told_only_where_its_limit_was_another() -> None:
    for limit, observed, is_told in (("50 bps", "61.3 bps", False), ("40 bps", "61.3 bps", True)):
        wide = gate("spread", False, limit, observed)
        text = change_for(wide, {"RISK_MAX_SPREAD_BPS": "50"}, is_earlier=True).text
        assert ("earlier session" in text) is is_told
    jump = gate("price_jump", False, "5%", "7.12%")
    assert "earlier" not in change_for(jump, {"RISK_MAX_PRICE_JUMP_SHARE": "0.05"}, is_earlier=True).text


def test_a_stray_order_is_for_a_person_to_look_at() -> None:
    assert has_advice("stray_order")
    assert "orders --foreign" in change_unseen("stray_order", {}).text
    assert "TRADING_SYMBOLS_EXCLUDE" in change_unseen("not_traded", {}).text


def test_an_unknown_gate_speaks_for_itself() -> None:
    assert (
        change_for(gate("moon_phase", False, "new", "full", "the moon is full"), {}).text
        == "the moon is full"
    )
    assert title_of("moon_phase") == "moon phase"


def test_a_halt_of_entries_is_no_cause_beside_the_limit_that_made_it() -> None:
    latched = (
        gate("daily_loss", False, "under 5%", "6%"),
        gate("entries_halted", False, "not ENTRIES_HALTED", "ENTRIES_HALTED"),
        gate("spread", False, "50 bps", "60 bps"),
    )
    assert [found.gate for found in others_that_failed(latched)] == ["spread"]


def test_an_order_without_room_has_no_size_and_that_is_no_second_cause() -> None:
    full = (
        gate("spread", False, "50 bps", "60 bps"),
        gate("total_exposure", False, "8000 USDT", "8100 USDT"),
        gate("lot_size", False, "0.001 BTC or more", "0 BTC"),
    )
    assert [found.gate for found in others_that_failed(full)] == ["total_exposure"]
    assert others_that_failed((gate("spread", True, "", ""),)) == ()


def test_the_document_lists_every_gate_with_its_title_and_setting() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "explain.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text.split("<!-- gates -->")[1], re.MULTILINE))
    assert list(rows)[: len(GATES)] == list(GATES)
    for code, rule in GATES.items():
        assert rows[code] == f"{rule.title} | {f'`{rule.setting}`' if rule.setting else '–'}"


def test_every_setting_that_advice_names_exists() -> None:
    words = {
        word
        for rule in GATES.values()
        for word in re.findall(r"[A-Z]+_[A-Z_]+", f"{rule.setting} {rule.remedy}")
    }
    assert words <= {name.upper() for name in Settings.model_fields}
