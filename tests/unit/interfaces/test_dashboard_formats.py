"""Numbers and times as people read them."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from binance_trade_agent.interfaces.dashboard.components.numbers import (
    amount,
    direction,
    percent,
    price,
    price_difference,
    quantity,
    signed_amount,
)
from binance_trade_agent.interfaces.dashboard.components.times import chart_times, moment, zone_named


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("1234567.891", "USDT", "1,234,567.89"),
        ("-0.5", "USDT", "−0.50"),
        ("0.00012345", "BTC", "0.00012345"),
    ],
)
def test_amounts(value: str, currency: str, shown: str) -> None:
    assert amount(Decimal(value), currency) == shown


def test_signs_are_always_shown_where_asked() -> None:
    assert signed_amount(Decimal("3"), "USDT") == "+3.00"
    assert signed_amount(Decimal("-3"), "USDT") == "−3.00"
    assert signed_amount(Decimal("0"), "USDT") == "0.00"
    assert signed_amount(None, "USDT") == "–"


def test_what_rounds_to_nothing_has_neither_sign_nor_direction() -> None:
    assert signed_amount(Decimal("-0.001"), "USDT") == "0.00"
    assert signed_amount(Decimal("0.001"), "USDT") == "0.00"
    assert percent(Decimal("-0.00001"), Decimal(1), signed=True) == "0.00 %"
    assert direction(Decimal("-0.001"), "USDT") == ""
    assert direction(Decimal("-0.001"), "BTC") == "down"


def test_prices_have_the_digits_their_size_calls_for() -> None:
    assert [price(Decimal(text)) for text in ("62855.4", "3.1", "0.3601", "0.00001234")] == [
        "62,855.40",
        "3.1000",
        "0.36010",
        "0.00001234",
    ]


def test_distances_have_the_digits_of_their_prices() -> None:
    assert price_difference(Decimal("0.3424"), Decimal("0.36015")) == "−0.01775"
    assert price_difference(Decimal("63000"), Decimal("62855.4")) == "+144.60"


def test_quantities_keep_every_digit_without_an_exponent() -> None:
    assert quantity(Decimal("1E-8")) == "0.00000001"
    assert quantity(Decimal("12.3400")) == "12.34"
    assert quantity(Decimal("-2770.7265")) == "−2,770.7265"
    assert quantity(Decimal(100)) == "100"


def test_a_share_of_nothing_is_a_dash() -> None:
    assert percent(Decimal(1), Decimal(0)) == "–"
    assert percent(Decimal(1), Decimal(3), signed=True) == "+33.33 %"


def test_moments_are_utc_on_the_wire_and_on_hover() -> None:
    at = datetime(2026, 5, 5, 0, 30, 5, tzinfo=zone_named("Europe/Zurich"))

    shown = moment(at, "ago")

    assert shown.dateTime == "2026-05-04T22:30:05.000+00:00"
    assert shown.title == "2026-05-04 22:30:05 UTC"
    assert moment(None).children == "–"


def test_charts_know_no_zone_so_their_times_are_the_viewers() -> None:
    at = datetime(2026, 5, 4, 22, 30, 5, tzinfo=UTC)
    with Flask("viewer").test_request_context(headers={"X-Time-Zone": "Europe/Zurich"}):
        assert chart_times([at]) == ["2026-05-05T00:30:05"]
    assert chart_times([at]) == ["2026-05-04T22:30:05"]


@pytest.mark.parametrize("name", [None, "", "Mars/Olympus", "../etc/passwd", "America", "x" * 300])
def test_an_unknown_zone_is_utc(name: str | None) -> None:
    assert zone_named(name) == ZoneInfo("UTC")
