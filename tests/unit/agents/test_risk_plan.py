"""Limits as text and back."""

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_trade_agent.agents.risk import RiskLimits, limits_of_plan, limits_plan
from binance_trade_agent.domain.modes import SizingMethod
from binance_trade_agent.domain.orders import OrderType

_VALUES = {
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    int: st.integers(),
    timedelta: st.timedeltas(),
    SizingMethod: st.sampled_from(SizingMethod),
    OrderType: st.sampled_from(OrderType),
}
ANY_LIMITS = st.fixed_dictionaries(
    {each.name: _VALUES[type(getattr(RiskLimits(), each.name))] for each in fields(RiskLimits)}
)


@given(ANY_LIMITS)
def test_a_plan_keeps_every_limit_to_the_last_digit(values: dict[str, object]) -> None:
    limits = RiskLimits(**values)  # type: ignore[arg-type]
    plan = limits_plan(limits)
    assert all(isinstance(text, str) for text in plan.values())
    again = limits_of_plan(plan)
    assert again == limits
    # 0.10 and 0.1 are equal, and read differently in a gate's sentence
    assert limits_plan(again) == plan


def test_a_plan_reads_as_settings_do() -> None:
    plan = limits_plan(replace(RiskLimits(), max_data_age=timedelta(seconds=190.5)))
    assert plan["sizing"] == "share"
    assert plan["order_share"] == "0.10"
    assert plan["max_data_age"] == "190.5"
    assert plan["entry_type"] == "MARKET"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"max_leverage": "3"}, "max_leverage"),
        ({"order_share": "a tenth"}, "order_share"),
        ({"max_data_age": "soon"}, "max_data_age"),
        ({"max_open_positions": "1.5"}, "max_open_positions"),
        ({"sizing": "all in"}, "sizing"),
    ],
)
def test_a_plan_of_another_version_is_refused(change: dict[str, str], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        limits_of_plan(limits_plan(RiskLimits()) | change)


def test_a_plan_that_lacks_a_limit_is_refused() -> None:
    plan = limits_plan(RiskLimits())
    del plan["fee_rate"]
    with pytest.raises(ValueError, match="fee_rate"):
        limits_of_plan(plan)
