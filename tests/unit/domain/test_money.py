from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_trade_agent.domain.money import (
    ceil_to_step,
    floor_to_step,
    on_step,
    product,
    round_to_step,
    to_wire,
    total,
)

amounts = st.integers(-(10**17), 10**17).map(lambda units: Decimal(units).scaleb(-8))
positive = st.integers(0, 10**17).map(lambda units: Decimal(units).scaleb(-8))
steps = st.sampled_from([Decimal(text) for text in ("0.00000001", "0.001", "0.25", "1", "5", "100")])


@given(value=positive, step=steps)
def test_a_floor_is_the_nearest_step_below_and_a_ceiling_the_one_above(value, step):
    low, high = floor_to_step(value, step), ceil_to_step(value, step)
    assert on_step(low, step)
    assert on_step(high, step)
    assert low <= value <= high
    assert high - low == (0 if on_step(value, step) else step)
    assert abs(round_to_step(value, step) - value) <= step / 2


@given(value=amounts)
def test_without_a_step_nothing_is_rounded(value):
    assert floor_to_step(value, Decimal(0)) == ceil_to_step(value, Decimal(0)) == value
    assert on_step(value, Decimal(0))


@given(value=amounts)
def test_the_wire_form_is_plain_short_and_exact(value):
    text = to_wire(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))
    assert text != "-0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1E+3", "1000"),
        ("1E-8", "0.00000001"),
        ("-0.00", "0"),
        ("100", "100"),
        ("1.50", "1.5"),
        ("0E-10", "0"),
    ],
)
def test_the_wire_form_of_odd_decimals(value, text):
    assert to_wire(Decimal(value)) == text


@given(values=st.lists(amounts, max_size=30), seed=st.randoms())
def test_a_total_does_not_depend_on_the_order(values, seed):
    shuffled = list(values)
    seed.shuffle(shuffled)
    assert total(values) == total(shuffled)


@given(a=amounts, b=amounts)
def test_a_product_is_exact(a, b):
    assert Fraction(product(a, b)) == Fraction(a) * Fraction(b)
