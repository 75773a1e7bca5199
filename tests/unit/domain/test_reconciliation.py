from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_trade_agent.domain.orders import ExchangeOrder, OrderStatus, Side
from binance_trade_agent.domain.reconciliation import (
    GRACE,
    Adopt,
    NotPlaced,
    OrderLookup,
    Wait,
    is_past_landing,
    resolve,
)
from tests.unit.domain.test_orders import ROW, T0

LANDED_BY = T0 + timedelta(seconds=5) + GRACE
AFTER = LANDED_BY + timedelta(microseconds=1)
FOUND = ExchangeOrder(
    "BTCUSDT", "bta-1", 7, Side.BUY, OrderStatus.FILLED, Decimal(1), Decimal(1), Decimal(50000), T0
)
ABSENT = OrderLookup(None, listed=False, balances_agree=True)
UNRESOLVED = [OrderStatus.INTENT, OrderStatus.UNKNOWN]
ACCEPTED = [OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED]


@pytest.mark.parametrize("status", UNRESOLVED + ACCEPTED)
@pytest.mark.parametrize("now", [T0, AFTER])
def test_an_order_the_exchange_has_is_adopted_at_any_time(status, now):
    assert resolve(replace(ROW, status=status), OrderLookup(FOUND), now) == Adopt(FOUND)


@pytest.mark.parametrize("status", UNRESOLVED)
def test_absence_counts_only_once_the_request_can_no_longer_land(status):
    row = replace(ROW, status=status)
    assert not is_past_landing(row, LANDED_BY)
    waiting = resolve(row, ABSENT, T0 + timedelta(seconds=5))
    assert waiting == Wait("not found, but it may still arrive for 60 s")
    assert isinstance(resolve(row, ABSENT, LANDED_BY), Wait)
    assert isinstance(resolve(row, ABSENT, AFTER), NotPlaced)


@pytest.mark.parametrize(
    ("lookup", "text"),
    [
        (OrderLookup(None), "not yet compared"),
        (OrderLookup(None, listed=False), "not yet compared"),
        (OrderLookup(None, balances_agree=True), "not yet compared"),
        (OrderLookup(None, listed=True, balances_agree=True), "lists hold it"),
        (OrderLookup(None, listed=False, balances_agree=False), "balances have moved"),
    ],
)
def test_absence_needs_the_lists_and_the_balances_too(lookup, text):
    found = resolve(ROW, lookup, AFTER)
    assert isinstance(found, Wait)
    assert text in found.text


@pytest.mark.parametrize("status", ACCEPTED)
def test_an_accepted_order_is_never_taken_for_absent(status):
    assert isinstance(resolve(replace(ROW, status=status), ABSENT, AFTER), Wait)


@given(
    status=st.sampled_from(UNRESOLVED + ACCEPTED),
    listed=st.none() | st.booleans(),
    balances_agree=st.none() | st.booleans(),
    late_s=st.integers(-100, 1000),
)
def test_nothing_is_given_up_unless_everything_speaks_for_it(status, listed, balances_agree, late_s):
    now = LANDED_BY + timedelta(seconds=late_s)
    lookup = OrderLookup(None, listed, balances_agree)
    given_up = isinstance(resolve(replace(ROW, status=status), lookup, now), NotPlaced)
    assert given_up == (status in UNRESOLVED and late_s > 0 and listed is False and balances_agree is True)
