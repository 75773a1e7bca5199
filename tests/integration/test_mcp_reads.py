"""The reading tools beyond status and listings: why, risk, strategies, settings, logs."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from binance_trade_agent.bootstrap.log_tail import LogTail
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.overrides import Override
from tests.fake_settings import FakeOverrides, fake_settings
from tests.fakes import START, FakeDesk, fake_desk
from tests.mcp_calls import call, refused, toolbox
from tests.summaries import count_of, summary_of

RISK = {
    "daily_loss_share": "0.05",
    "max_drawdown_share": "0.20",
    "max_orders_per_minute": "20",
    "max_orders_per_day": "2",
    "max_open_positions": "5",
    "max_total_share": "0.80",
    "max_symbol_share": "0.10",
}
PLAN = {
    "version": 1,
    "candle_interval": "1m",
    "strategies": {
        "BTCUSDT": {"name": "rsi_momentum", "params": {"period": 14}, "source": None},
        "ETHUSDT": {"name": "mine", "params": {}, "source": {"file": "/srv/mine.py", "sha256": "ab"}},
        "*": {"name": "rsi_momentum", "params": {"period": 14}, "source": None},
    },
    "risk": RISK,
}


def planned(desk: FakeDesk) -> FakeDesk:
    """The desk with a session that has a plan."""
    assert desk.reads.stored.session is not None
    session = replace(desk.reads.stored.session, plan=PLAN)
    desk.reads.stored = replace(desk.reads.stored, session=session)
    return desk


async def test_an_explanation_is_whole_and_bounded_to_its_symbol() -> None:
    desk = fake_desk()
    desk.reads.summaries[None] = summary_of(count_of(800, "between_levels", "RSI 41.2 is between 30 and 70"))

    answer = await call(desk, "explain", symbol="btcusdt", since="30m")

    assert answer["symbol"] == "BTCUSDT"
    assert answer["answer"] == "not_traded"
    assert answer["headline"].startswith("Nothing of BTCUSDT was traded")
    (reason,) = answer["reasons"]
    assert (reason["code"], reason["count"], reason["share"]) == ("between_levels", 800, "1")
    assert answer["funnel"]["decisions"] == 800
    (asked, *_) = desk.reads.summaries_asked
    assert asked == (START - timedelta(minutes=30), START, "BTCUSDT")


async def test_a_span_nobody_understands_is_a_bad_argument() -> None:
    assert (await refused(fake_desk(), "explain", since="soon")).startswith("BAD_ARGUMENT: --since 'soon'")


async def test_a_decision_is_found_by_the_beginning_of_its_id() -> None:
    desk = fake_desk()

    assert (await call(desk, "get_decision", decision="dec-478"))["blocking_gate"] == "cooldown"
    assert (await refused(desk, "get_decision", decision="zzz")).startswith("NOT_FOUND: ")


async def test_a_signal_tells_its_values_gates_and_age() -> None:
    signal = await call(fake_desk(), "get_signal", symbol="btcusdt")

    assert (signal["symbol"], signal["action"], signal["outcome"]) == ("BTCUSDT", "HOLD", "held")
    assert signal["indicator_values"] == {"rsi": 48.2, "macd": -1.25}
    assert signal["nearest_miss"] == "RSI 31.8, buys below 30"
    assert signal["age_s"] > 0


async def test_a_symbol_without_decisions_has_no_signal() -> None:
    assert (await refused(fake_desk(), "get_signal", symbol="DOGEUSDT")).startswith("NOT_FOUND: ")


async def test_the_risk_state_tells_each_limit_with_its_use() -> None:
    desk = planned(fake_desk())
    assert desk.reads.stored.equity is not None
    desk.reads.stored = replace(
        desk.reads.stored, equity=replace(desk.reads.stored.equity, contributed=Decimal(10000))
    )
    desk.reads.marks = LossMarks(START.date(), Decimal(200), Decimal(10200), Decimal(300), START)

    risk = await call(desk, "get_risk_state")

    by_code = {row["code"]: row for row in risk["limits"]}
    assert (by_code["daily_loss"]["used"], by_code["daily_loss"]["remaining"]) == ("0.0187", "0.0313")
    assert by_code["drawdown"]["used"] == "0.0282"
    assert (by_code["order_rate_day"]["used"], by_code["order_rate_day"]["reached"]) == ("3", True)
    assert by_code["order_rate_day"]["remaining"] == "0"
    assert (by_code["open_positions"]["used"], by_code["open_positions"]["setting"]) == (
        "1",
        "RISK_MAX_OPEN_POSITIONS",
    )
    assert by_code["total_exposure"]["used"] == "0.1004"
    assert (by_code["symbol_exposure"]["symbol"], by_code["symbol_exposure"]["reached"]) == ("BTCUSDT", True)
    assert risk["all_limits"] == RISK
    assert risk["newest_judged"]["blocking_gate"] == "cooldown"


async def test_before_the_first_session_no_limit_is_known() -> None:
    risk = await call(fake_desk(empty=True), "get_risk_state")

    assert (risk["limits"], risk["all_limits"], risk["newest_judged"]) == ([], {}, None)


async def test_strategies_are_those_of_the_session_with_every_parameter() -> None:
    answer = await call(planned(fake_desk()), "get_strategies")

    assert answer["candle_interval"] == "1m"
    assert answer["strategies"] == [
        {
            "name": "rsi_momentum",
            "symbols": ["BTCUSDT", "all others"],
            "parameters": {"period": 14},
            "file": None,
        },
        {"name": "mine", "symbols": ["ETHUSDT"], "parameters": {}, "file": "/srv/mine.py"},
    ]
    assert (await call(fake_desk(empty=True), "get_strategies"))["strategies"] == []


async def test_settings_say_where_they_came_from() -> None:
    overrides = FakeOverrides([Override("RISK_MAX_SPREAD_BPS", "33", "ann", START)])
    given = {"TRADING_MODE": "simulated", "MCP_TOKEN": "t" * 40}
    box = toolbox(replace(fake_desk(), settings=fake_settings(overrides, **given)))

    answer = {row["name"]: row for row in (await call(box, "get_settings"))["settings"]}

    assert (answer["TRADING_MODE"]["value"], answer["TRADING_MODE"]["source"]) == ("simulated", "environment")
    assert answer["RISK_MAX_SPREAD_BPS"]["value"] == "33"
    assert answer["RISK_MAX_SPREAD_BPS"]["source"].startswith("set at run time by ann")
    assert answer["MCP_TOKEN"]["value"] == "********"
    part = (await call(box, "get_settings", contains="spread"))["settings"]
    assert [row["name"] for row in part] == ["RISK_MAX_SPREAD_BPS"]


async def test_logs_are_bounded_and_hold_no_secret(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(500)]
    lines += ["signature=abcdef sent", "the key is hunter2hunter2", "x" * 9000]
    (tmp_path / "autonomous_trader.log").write_text("\n".join(lines) + "\n")
    box = toolbox(fake_desk(), logs=LogTail(tmp_path, ["hunter2hunter2"]))

    answer = await call(box, "get_logs", lines=4)

    assert answer["programs"] == ["autonomous_trader"]
    assert answer["lines"][:3] == ["line 499", "signature=******** sent", "the key is ********"]
    assert len(answer["lines"][3]) == 4001
    assert (await call(box, "get_logs", lines=200, contains="LINE 12"))["lines"][0] == "line 12"
    assert await _count(box, contains="line 12") == 11


async def test_no_log_is_read_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.log").write_text("hidden\n")
    box = toolbox(fake_desk(), logs=LogTail(tmp_path / "logs"))

    for program in ("../secret", "secret", "/etc/passwd", "autonomous_trader"):
        assert (await refused(box, "get_logs", program=program)).startswith("BAD_ARGUMENT: ")


async def _count(box: Any, **arguments: Any) -> int:
    return len((await call(box, "get_logs", lines=200, **arguments))["lines"])
