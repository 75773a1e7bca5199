"""What the risk page shows, and its acts on single symbols."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.control.risk_state import LimitUse
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.interfaces.dashboard import reduce_only_acts
from binance_trade_agent.interfaces.dashboard.acting import Doing, Wish
from binance_trade_agent.interfaces.dashboard.components.bars import bar
from binance_trade_agent.interfaces.dashboard.pages import risk
from tests.fakes import START, FakeDesk, fake_desk
from tests.unit.interfaces.test_dashboard_overview import text, with_dust

PLAN = {
    "daily_loss_share": "0.05",
    "max_drawdown_share": "0.2",
    "max_orders_per_minute": "20",
    "max_orders_per_day": "0",
    "max_open_positions": "1",
    "max_total_share": "0.8",
    "max_symbol_share": "0.25",
}


def limited_desk() -> FakeDesk:
    desk = fake_desk()
    session = desk.reads.stored.session
    assert session is not None
    desk.reads.stored = replace(desk.reads.stored, session=replace(session, plan={"risk": PLAN}))
    desk.reads.marks = LossMarks(
        date(2026, 5, 4), Decimal("120.5"), Decimal("10100"), Decimal("150"), START, latched="daily_loss"
    )
    return desk


def test_each_limit_stands_with_its_use() -> None:
    shown = " ".join(text(risk.limits(limited_desk())).split())

    assert (
        "Total exposure worth of what is held, of equity RISK_MAX_TOTAL_SHARE 10.04 % 80.00 % 69.96 %"
        in shown
    )
    assert "Open positions ■ reached held now, dust left out RISK_MAX_OPEN_POSITIONS 1 1 0" in shown
    assert "Exposure of BTCUSDT" in shown
    assert "Entries a day begun since 00:00 UTC RISK_MAX_ORDERS_PER_DAY 3 no limit –" in shown


def test_a_reached_limit_is_counted_and_named() -> None:
    shown = text(risk.key_figures(limited_desk()))

    assert "Limits reached 1 Open positions" in shown
    assert "Total exposure 10.04 % of 80.00 % allowed" in shown


@pytest.mark.parametrize(
    ("used", "style", "width"),
    [
        ("-0.01", "use", "0.0%"),
        ("0.02", "use", "40.0%"),
        ("0.04", "use near", "80.0%"),
        ("0.06", "use full", "100.0%"),
    ],
)
def test_a_bar_is_as_long_as_what_is_used(used: str, style: str, width: str) -> None:
    drawn: Any = bar("loss", Decimal(used), Decimal("0.05"))

    assert drawn.className == style
    assert drawn.children.style == {"width": width}


def test_a_use_that_is_not_known_is_no_number() -> None:
    one = LimitUse("daily_loss", "RISK_DAILY_LOSS_SHARE", Decimal("0.05"), None)

    assert risk.amount_of(one, one.used) == "–"


def test_a_gain_is_not_called_a_loss() -> None:
    one = LimitUse("daily_loss", "RISK_DAILY_LOSS_SHARE", Decimal("0.05"), Decimal("-0.0018"))

    assert risk.amount_of(one, one.used) == "gain 0.18 %"


def test_the_latch_and_the_marks_are_told() -> None:
    shown = text(risk.marks(limited_desk()))

    assert "daily loss: entries are halted until Resume" in shown
    assert "Best profit so far 150.00 USDT" in shown


def test_dust_is_no_open_position_and_is_named() -> None:
    assert "Open positions 0 of 1 allowed, and 1 of dust" in text(risk.key_figures(with_dust(limited_desk())))


def test_a_loss_is_rounded_as_its_gate_says_it() -> None:
    desk = limited_desk()
    marks, equity = desk.reads.marks, desk.reads.stored.equity
    assert marks is not None
    assert equity is not None
    # 11.52 of 10,008.89 are lost: 0.1151 %, and never 0.12
    equity = replace(equity, cash=Decimal("8992.69"), contributed=Decimal(10_000))
    desk.reads.stored = replace(desk.reads.stored, equity=equity)
    desk.reads.marks = replace(marks, day_equity=Decimal("10008.89"), day_profit=Decimal("8.89"))

    assert "Loss of the day 0.11 % of 5.00 % allowed" in text(risk.key_figures(desk))


def test_an_empty_database_says_what_to_do() -> None:
    desk = fake_desk(empty=True)

    assert "make up" in text(risk.limits(desk))
    assert "The first cycle" in text(risk.marks(desk))
    assert "No order was wanted yet" in text(risk.judged(desk))
    assert "Limits reached – none" in text(risk.key_figures(desk))


def test_a_symbol_is_set_to_be_only_sold_and_freed_again() -> None:
    desk = fake_desk()
    act = reduce_only_acts.REDUCE_ONLY
    (field,) = act.fields(desk, Wish())
    assert field.choices == ("BTCUSDT", "ETHUSDT")
    wish = Wish(values={"symbol": "ETHUSDT"})
    assert act.words(desk, wish).title == "Only sell ETHUSDT from now on?"

    told = act.do(Doing(desk, wish, "k1", "delisting"))
    assert (told.done, told.text) == (True, "ETHUSDT may only be sold from now on.")
    assert "ETHUSDT delisting" in text(risk.reduce_only(desk))
    assert act.fields(desk, Wish())[0].choices == ("BTCUSDT",)

    lift = reduce_only_acts.LIFT_REDUCE_ONLY
    assert "because: delisting" in lift.words(desk, Wish("ETHUSDT")).text
    assert lift.do(Doing(desk, Wish("ETHUSDT"), "k2", "over")).text == "ETHUSDT may be bought again."
    assert "Every symbol may be bought" in text(risk.reduce_only(desk))


def test_no_symbol_is_no_question() -> None:
    with pytest.raises(ConfigurationError):
        reduce_only_acts.REDUCE_ONLY.words(fake_desk(), Wish())
