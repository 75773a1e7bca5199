"""What is to be done where a person asked for a stop or a target of a position."""

from dataclasses import replace
from decimal import Decimal

import pytest

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import JournalOrder, OrderStatus, OrderType, Purpose
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.protection import (
    AskedLevels,
    Drop,
    ExitNow,
    Leave,
    Levels,
    Move,
    Place,
    ProtectionPlan,
    Step,
    Stuck,
    Wait,
    covers_of,
    levels_of,
)
from binance_trade_agent.domain.protection_steps import next_step
from binance_trade_agent.domain.symbol_rules import SymbolRules
from tests.covers import EVERYTHING, book, leg, oco, position
from tests.trading_views import SYMBOL

PLAN = ProtectionPlan(stop_share=Decimal("0.05"), target_share=Decimal("0.10"))
NONE = ProtectionPlan()
TRAILING = ProtectionPlan(trailing_share=Decimal("0.05"))
TAKEN_BACK = AskedLevels()
LEFT = position("2")


def asked(stop: str | None = None, target: str | None = None) -> AskedLevels:
    return AskedLevels(Decimal(stop) if stop else None, Decimal(target) if target else None)


def step(
    rows: list[JournalOrder],
    wanted: AskedLevels,
    *,
    held: Position = LEFT,
    bid: str = "100",
    plan: ProtectionPlan = PLAN,
    rules: SymbolRules = EVERYTHING,
) -> Step:
    return next_step(held, covers_of(rows, SYMBOL), rules, book(bid), plan, wanted)


def stop_alone(price: str = "95", quantity: str = "2") -> list[JournalOrder]:
    return [leg(Purpose.STOP, quantity, price=price, list_id=None)]


def target_alone(price: str = "110", quantity: str = "2") -> list[JournalOrder]:
    return [leg(Purpose.TARGET, quantity, price=price, list_id=None)]


def moved(found: Step) -> tuple[str | None, str | None]:
    """Stop and target of a move, as text."""
    assert isinstance(found, Move), found
    return (
        to_wire(found.stop.stop_price) if found.stop else None,
        to_wire(found.target) if found.target is not None else None,
    )


@pytest.mark.parametrize(
    ("wanted", "plan", "bid", "stop", "target"),
    [
        (asked("97"), PLAN, "100", "97.00", "110.00"),
        (asked(None, "120"), PLAN, "100", "95.00", "120.00"),
        (asked("97", "120"), NONE, "100", "97.00", "120.00"),
        (asked("90"), TRAILING, "100", "95.00", None),
        (asked("97"), TRAILING, "100", "97.00", None),
        (TAKEN_BACK, PLAN, "100", "95.00", "110.00"),
        (TAKEN_BACK, NONE, "100", None, None),
    ],
)
def test_what_was_asked_for_goes_before_the_settings(
    wanted: AskedLevels, plan: ProtectionPlan, bid: str, stop: str | None, target: str | None
) -> None:
    expected = Levels(Decimal(stop) if stop else None, Decimal(target) if target else None)
    assert levels_of(LEFT, EVERYTHING, book(bid), plan, wanted) == expected


def test_levels_that_were_asked_for_hold_without_a_price_paid() -> None:
    given = replace(LEFT, cost=Decimal(0))
    found = levels_of(given, EVERYTHING, book(), PLAN, asked("97"))
    assert found == Levels(Decimal(97), None)


def test_a_target_that_was_asked_for_is_never_lowered_to_fit_into_the_band() -> None:
    banded = replace(EVERYTHING, sell_price_band=(Decimal("0.5"), Decimal("1.5")))
    found = step([], asked(None, "160"), rules=banded)
    assert isinstance(found, Place)
    assert found.stop is not None
    assert found.target is None
    alone = step([], asked(None, "160"), rules=banded, plan=NONE)
    assert isinstance(alone, Leave)
    assert alone.alarm
    assert isinstance(step([], asked(None, "160"), rules=banded, plan=NONE, bid="160"), ExitNow)


@pytest.mark.parametrize("plan", [PLAN, NONE])
def test_an_open_position_is_placed_at_the_levels_that_were_asked_for(plan: ProtectionPlan) -> None:
    found = step([], asked("97", "120"), plan=plan)
    assert isinstance(found, Place)
    assert found.stop is not None
    assert (found.stop.stop_price, found.target) == (Decimal(97), Decimal(120))


@pytest.mark.parametrize(
    ("rows", "wanted", "to"),
    [
        (oco(), asked("97"), ("97", None)),
        (oco(), asked("90"), ("90", None)),
        (oco(), asked("97", "120"), ("97", None)),
        # a target that moves leaves the stop where it is
        (oco(), asked(None, "120"), ("95", None)),
        (stop_alone(), asked("97"), ("97", None)),
        (stop_alone(), asked("93"), ("93", None)),
        (target_alone(), asked(None, "120"), (None, "120")),
        (target_alone(), asked(None, "105"), (None, "105")),
        # a stop that was asked for rests, and the target is watched
        (target_alone(), asked("97"), ("97", None)),
        (target_alone(), asked("97", "120"), ("97", None)),
        (stop_alone("97"), TAKEN_BACK, ("95", None)),
        (target_alone("120"), TAKEN_BACK, (None, "110")),
        (oco(target="120"), TAKEN_BACK, ("95", None)),
    ],
)
def test_what_rests_elsewhere_is_replaced_in_one_request(
    rows: list[JournalOrder], wanted: AskedLevels, to: tuple[str | None, str | None]
) -> None:
    found = step(rows, wanted)
    assert moved(found) == to
    assert isinstance(found, Move)
    assert (found.quantity, found.asked) == (Decimal(2), True)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (oco(), asked("95")),
        (oco(), asked("95.01", "109.99")),
        (stop_alone("97"), asked("97")),
        # its target is watched: nothing that rests disagrees
        (stop_alone("97"), asked("97", "120")),
        (stop_alone(), asked(None, "120")),
        (target_alone("120"), asked(None, "120")),
        (oco(), TAKEN_BACK),
        (stop_alone(), TAKEN_BACK),
    ],
)
def test_what_agrees_within_a_tick_is_left(rows: list[JournalOrder], wanted: AskedLevels) -> None:
    found = step(rows, wanted)
    assert isinstance(found, Leave)
    assert not isinstance(found, Stuck | Wait)


def test_the_settings_alone_move_nothing() -> None:
    shifted = replace(LEFT, cost=Decimal(180))
    assert isinstance(next_step(shifted, covers_of(oco(), SYMBOL), EVERYTHING, book(), PLAN), Leave)


def test_each_cover_is_moved() -> None:
    rows = [*oco("1", list_id="a"), *oco("1", list_id="b", stop="96")]
    assert moved(step(rows, asked("97"))) == ("97", None)
    rows = [*stop_alone("97", "1"), *oco("1", list_id="b", stop="96")]
    found = step(rows, asked("97"))
    assert isinstance(found, Move)
    assert found.cover.client_list_id == "b"


def test_what_is_open_is_covered_before_anything_is_moved() -> None:
    found = step(oco("1"), asked("97"))
    assert isinstance(found, Place)
    assert found.quantity == Decimal(1)


def test_the_rest_of_a_target_that_traded_is_moved_with_what_is_left_of_it() -> None:
    rows = [leg(Purpose.TARGET, "2", status=OrderStatus.PARTIALLY_FILLED, booked="0.5", price="110")]
    found = step(rows, asked("97"), held=position("1.5"))
    assert moved(found) == ("97", None)
    assert isinstance(found, Move)
    assert found.quantity == Decimal("1.5")


def test_a_stop_that_sells_already_is_not_moved() -> None:
    rows = [leg(Purpose.STOP, "2", status=OrderStatus.PARTIALLY_FILLED, booked="0.5", list_id=None)]
    assert isinstance(step(rows, asked("90"), held=position("1.5"), bid="94"), Leave)


@pytest.mark.parametrize(
    ("rows", "wanted", "bid", "code"),
    [
        ([], asked("97"), "97", "stop_loss"),
        ([], asked(None, "105"), "105", "take_profit"),
        # asked for, and passed before the order at the exchange was moved
        (oco(), asked("97"), "96.50", "stop_loss"),
        (oco(), asked(None, "105"), "106", "take_profit"),
        (stop_alone("97"), asked("97", "105"), "105", "take_profit"),
    ],
)
def test_a_level_that_the_price_has_passed_is_sold_at(
    rows: list[JournalOrder], wanted: AskedLevels, bid: str, code: str
) -> None:
    found = step(rows, wanted, bid=bid)
    assert isinstance(found, ExitNow)
    assert found.code == code


def test_what_the_exchange_sells_itself_is_left_to_it() -> None:
    assert isinstance(step(stop_alone("97"), asked("97"), bid="96"), Leave)


@pytest.mark.parametrize(
    ("rows", "wanted", "rules", "why"),
    [
        (oco(), asked("97"), replace(EVERYTHING, cancel_replace_allowed=False), "takes no replacements"),
        (
            oco(),
            asked("97"),
            replace(EVERYTHING, order_types=frozenset({OrderType.LIMIT_MAKER})),
            "takes no stop order",
        ),
        (
            oco(),
            asked("97"),
            replace(EVERYTHING, min_notional=Decimal(500)),
            "is too little to be sold at 97",
        ),
        (
            target_alone(),
            asked(None, "160"),
            replace(EVERYTHING, sell_price_band=(Decimal("0.5"), Decimal("1.5"))),
            "no target may rest at 160",
        ),
        (
            [*stop_alone("97", "1"), *target_alone("110", "1")],
            asked("97"),
            replace(EVERYTHING, max_algo_orders=1),
            "takes no further stop order",
        ),
    ],
)
def test_what_cannot_be_moved_stays_and_is_told(
    rows: list[JournalOrder], wanted: AskedLevels, rules: SymbolRules, why: str
) -> None:
    found = step(rows, wanted, rules=rules)
    assert isinstance(found, Stuck)
    assert found.alarm
    assert why in found.text


def test_a_trailing_stop_is_raised_over_what_was_asked_for_and_never_lowered() -> None:
    assert moved(step(oco("2", "95"), asked("97"), plan=TRAILING)) == ("97", None)
    assert moved(step(stop_alone("97"), asked("97"), plan=TRAILING, bid="110")) == ("104.5", None)
    for wanted in (asked("97"), TAKEN_BACK):
        assert isinstance(step(stop_alone("104.50"), wanted, plan=TRAILING, bid="106"), Leave)


def test_taken_back_where_the_settings_want_none_it_is_cancelled() -> None:
    found = step(stop_alone("97"), TAKEN_BACK, plan=NONE)
    assert isinstance(found, Drop)
    assert found.reason == "it was taken back, and the settings want none"
    assert isinstance(step([], TAKEN_BACK, plan=NONE), Leave)
    only_target = replace(PLAN, stop_share=Decimal(0))
    assert moved(step(stop_alone("97"), TAKEN_BACK, plan=only_target)) == (None, "110")
    only_stop = replace(PLAN, target_share=Decimal(0))
    assert moved(step(target_alone("120"), TAKEN_BACK, plan=only_stop)) == ("95", None)


def test_a_closed_symbol_waits() -> None:
    found = step(oco(), asked("97"), rules=replace(EVERYTHING, trading=False))
    assert isinstance(found, Wait)


def test_what_is_too_little_to_be_covered_keeps_nothing_else_from_moving() -> None:
    held = position("2.051")
    assert moved(step(oco(), asked("97"), held=held)) == ("97", None)
    left = step(stop_alone("97"), asked("97"), held=held)
    assert isinstance(left, Leave)
    assert "too little to be sold at 97" in left.text
