"""Where stops and targets lie, and the next thing to do about a position's protection."""

from dataclasses import replace
from decimal import Decimal

import pytest

from binance_trade_agent.domain.orders import JournalOrder, OrderStatus, OrderType, Purpose
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.protection import (
    Drop,
    ExitNow,
    Leave,
    Move,
    Place,
    ProtectionPlan,
    Step,
    covered,
    covers_of,
)
from binance_trade_agent.domain.protection_steps import next_step
from tests.covers import EVERYTHING, book, leg, oco, position
from tests.trading_views import RULES, SYMBOL

PLAN = ProtectionPlan(stop_share=Decimal("0.05"), target_share=Decimal("0.10"))
TRAILING = replace(PLAN, trailing_share=Decimal("0.05"))


def step(
    held: Position | None,
    rows: list[JournalOrder],
    *,
    bid: str = "100",
    plan: ProtectionPlan = PLAN,
    rules: object = EVERYTHING,
) -> Step:
    assert isinstance(rules, type(RULES))
    return next_step(held, covers_of(rows, SYMBOL), rules, book(bid), plan)


def test_an_open_position_gets_an_oco_for_what_can_be_sold() -> None:
    found = step(position("1.9987"), [])
    assert isinstance(found, Place)
    assert found.quantity == Decimal("1.998")
    assert found.stop is not None
    assert (found.stop.order_type, found.stop.stop_price, found.stop.price) == (
        OrderType.STOP_LOSS,
        Decimal("95.00"),
        None,
    )
    assert found.target == Decimal("110.00")


def test_prices_are_rounded_to_ticks_away_from_nothing_gained() -> None:
    found = step(position("1", paid="99.987"), [])
    assert isinstance(found, Place)
    assert found.stop is not None
    assert found.stop.stop_price == Decimal("94.98")  # 94.98765 down
    assert found.target == Decimal("109.99")  # 109.9857 up


def test_without_market_stops_the_stop_has_a_limit_below_its_trigger() -> None:
    rules = replace(EVERYTHING, order_types=EVERYTHING.order_types - {OrderType.STOP_LOSS})
    found = step(position(), [], rules=rules)
    assert isinstance(found, Place)
    assert found.stop is not None
    assert (found.stop.order_type, found.stop.price) == (OrderType.STOP_LOSS_LIMIT, Decimal("94.05"))


def test_without_lists_the_stop_rests_alone_and_the_target_is_watched() -> None:
    rules = replace(EVERYTHING, oco_allowed=False)
    found = step(position(), [], rules=rules)
    assert isinstance(found, Place)
    assert found.target is None
    alone = leg(Purpose.STOP, list_id=None)
    assert isinstance(step(position(), [alone], rules=rules), Leave)
    due = step(position(), [alone], bid="110", rules=rules)
    assert isinstance(due, ExitNow)
    assert due.code == "take_profit"


def test_what_is_covered_is_left() -> None:
    assert isinstance(step(position(), oco()), Leave)


def test_a_further_entry_gets_cover_of_its_own() -> None:
    found = step(position("3"), oco("2"))
    assert isinstance(found, Place)
    assert found.quantity == Decimal(1)


def test_dust_beside_a_cover_is_left() -> None:
    assert isinstance(step(position("2.0007"), oco("2")), Leave)


def test_what_is_too_little_to_be_sold_at_the_stop_is_watched() -> None:
    # 0.051 x 100 passes the smallest notional of 5, 0.051 x 95 does not
    small = position("0.051")
    assert isinstance(step(small, []), Leave)
    due = step(small, [], bid="94")
    assert isinstance(due, Leave)  # below the smallest notional by now: dust
    rich = step(small, [], bid="111")
    assert isinstance(rich, ExitNow)


def test_cover_for_more_than_is_held_is_dropped_newest_first() -> None:
    rows = [*oco("2", list_id="old"), *oco("1", list_id="new")]
    found = step(position("2"), rows)
    assert isinstance(found, Drop)
    assert found.cover.client_list_id == "new"
    assert isinstance(step(None, oco("1")), Drop)


def test_a_price_past_the_stop_is_sold_at_once() -> None:
    found = step(position(), [], bid="95")
    assert isinstance(found, ExitNow)
    assert found.code == "stop_loss"


def test_a_partly_filled_target_covers_what_is_left() -> None:
    rows = [leg(Purpose.TARGET, "2", price="110", status=OrderStatus.PARTIALLY_FILLED, booked="0.5")]
    assert covered(covers_of(rows, SYMBOL)) == Decimal("1.5")


def test_a_list_covers_its_quantity_once() -> None:
    assert covered(covers_of(oco("2"), SYMBOL)) == Decimal(2)


def test_unresolved_and_ended_rows_cover_nothing() -> None:
    rows = [
        leg(Purpose.STOP, status=OrderStatus.UNKNOWN, list_id="a"),
        leg(Purpose.STOP, status=OrderStatus.EXPIRED, list_id="b"),
        leg(Purpose.STOP, status=OrderStatus.INTENT, list_id="c"),
    ]
    assert covers_of(rows, SYMBOL) == ()


@pytest.mark.parametrize(("bid", "moved_to"), [("100.4", None), ("103", "97.85"), ("130", "123.50")])
def test_a_trailing_stop_follows_in_steps_and_never_falls(bid: str, moved_to: str | None) -> None:
    found = step(position(), oco(), bid=bid, plan=replace(TRAILING, target_share=Decimal(1)))
    if moved_to is None:
        assert isinstance(found, Leave)
        return
    assert isinstance(found, Move)
    assert found.stop.stop_price == Decimal(moved_to)
    assert found.quantity == Decimal(2)
    rows = [leg(Purpose.STOP, price=moved_to, list_id=None)]
    assert isinstance(
        step(position(), rows, bid="99", plan=replace(TRAILING, target_share=Decimal(1))), Leave
    )


def test_when_no_further_stop_may_be_opened_one_is_widened() -> None:
    rules = replace(EVERYTHING, max_algo_orders=1)
    found = step(position("3"), oco("2"), rules=rules)
    assert isinstance(found, Move)
    assert found.quantity == Decimal(3)
    stuck = step(position("3"), oco("2"), rules=replace(rules, cancel_replace_allowed=False))
    assert isinstance(stuck, Leave)
    assert stuck.alarm


def test_a_symbol_without_stop_orders_is_watched_and_said_so() -> None:
    found = step(position(), [], rules=replace(RULES, max_algo_orders=5))
    assert isinstance(found, Leave)
    assert found.alarm
    assert isinstance(step(position(), [], bid="94", rules=RULES), ExitNow)


def test_a_target_stays_inside_the_price_band() -> None:
    rules = replace(EVERYTHING, sell_price_band=(Decimal("0.9"), Decimal("1.05")))
    found = step(position(), [], rules=rules)
    assert isinstance(found, Place)
    assert found.target == Decimal("102.90")


def test_a_band_without_room_for_a_target_leaves_it_to_be_watched() -> None:
    rules = replace(EVERYTHING, sell_price_band=(Decimal("0.1"), Decimal("1.2")))
    plan = replace(PLAN, stop_share=Decimal("0.60"))
    # the highest target, 58.8, would sell at a loss
    found = step(position(), [], bid="50", rules=rules, plan=plan)
    assert isinstance(found, Place)
    assert found.stop is not None
    assert found.target is None
    narrow = replace(EVERYTHING, sell_price_band=(Decimal("0.99"), Decimal("1.01")))
    assert isinstance(step(position(), [], bid="105", rules=narrow), Place)
    assert isinstance(step(position(), [], bid="110", rules=narrow), ExitNow)


def test_a_position_without_any_level_is_left_and_told() -> None:
    rules = replace(EVERYTHING, sell_price_band=(Decimal("0.1"), Decimal("1.2")))
    only_target = ProtectionPlan(target_share=Decimal("0.10"))
    found = step(position(), [], bid="50", rules=rules, plan=only_target)
    assert isinstance(found, Leave)
    assert found.alarm
    # one tick is the least a price can be: there is no stop below it
    penny = replace(EVERYTHING, min_notional=Decimal(0))
    found = step(
        position("100", "0.01"), [], bid="0.01", rules=penny, plan=replace(PLAN, target_share=Decimal(0))
    )
    assert isinstance(found, Leave)
    assert found.alarm


def test_a_stop_as_large_as_an_order_may_be_is_not_widened_for_ever() -> None:
    rules = replace(EVERYTHING, max_algo_orders=1, max_quantity=Decimal(2))
    found = step(position("3"), oco("2"), rules=rules)
    assert isinstance(found, Leave)
    assert found.alarm


def test_a_rest_without_its_stop_gets_one_where_its_level_cannot_be_watched() -> None:
    rest = [leg(Purpose.TARGET, "2", price="110", booked="0.5")]
    held = position("1.5")
    # a fixed level is watched; one that follows the price down never would be reached
    assert isinstance(step(held, rest, bid="96"), Leave)
    found = step(held, rest, bid="96", plan=replace(TRAILING, stop_share=Decimal(0)))
    assert isinstance(found, Move)
    assert (found.quantity, found.stop.stop_price) == (Decimal("1.5"), Decimal("91.20"))


def test_nothing_is_placed_while_the_symbol_is_not_open() -> None:
    closed = replace(EVERYTHING, trading=False)
    found = step(position(), [], rules=closed)
    assert isinstance(found, Leave)
    assert found.alarm
    found = step(position("2"), oco("2"), rules=closed)
    assert isinstance(found, Leave)
    assert not found.alarm


def test_without_a_plan_nothing_is_done() -> None:
    assert isinstance(step(position(), [], plan=ProtectionPlan()), Leave)
    assert isinstance(step(position("1"), oco("2"), plan=ProtectionPlan()), Drop)
