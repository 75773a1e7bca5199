"""Protection as people see it: derived from positions, orders, decisions and incidents alone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from binance_trade_agent.control.protections import Guard, is_at_rest
from binance_trade_agent.domain.records import AskedLevelsRow, Incident, OrderRow, ProtectionTerms
from tests.fakes import START, FakeDesk, fake_desk
from tests.resting import oco, with_oco

QUANTITY = Decimal("0.01598")


def with_orders(desk: FakeDesk, *rows: OrderRow) -> FakeDesk:
    desk.reads.order_rows = (*rows, *desk.reads.order_rows)
    return desk


def test_a_list_guards_its_quantity_once_at_both_prices() -> None:
    (protection,) = with_oco(fake_desk()).watch.protection()
    assert protection.guards == (Guard(QUANTITY, Decimal("61000.00"), Decimal("64000.00")),)
    assert (protection.quantity, protection.covered) == (Decimal("0.015984"), QUANTITY)
    # the newest decision saw 62,855.40
    assert (protection.stop_distance_percent, protection.target_distance_percent) == (
        Decimal("-2.95"),
        Decimal("1.82"),
    )
    assert not protection.is_unprotected


def test_of_several_guards_the_nearest_prices_are_shown_and_the_quantities_added() -> None:
    first = oco("l1", START, quantity="0.010", stop="60000.00", target="63000.00")
    second = oco("l2", START + timedelta(seconds=1), quantity="0.005", stop="61000.00", target="64000.00")
    (protection,) = with_orders(fake_desk(), *first, *second).watch.protection()
    assert (protection.stop, protection.target) == (Decimal("61000.00"), Decimal("63000.00"))
    assert protection.covered == Decimal("0.015")
    assert [guard.stop for guard in protection.guards] == [Decimal("60000.00"), Decimal("61000.00")]


def test_a_stop_alone_after_trailing_has_no_target() -> None:
    stop = replace(oco("l1", START)[0], client_list_id=None)
    (protection,) = with_orders(fake_desk(), stop).watch.protection()
    assert (protection.stop, protection.target) == (Decimal("61000.00"), None)
    assert protection.target_distance_percent is None


def test_what_already_sold_is_guarded_no_more() -> None:
    stop, target = oco("l1", START)
    partly = replace(target, status="PARTIALLY_FILLED", executed=Decimal("0.01"))
    (protection,) = with_orders(fake_desk(), stop, partly).watch.protection()
    assert protection.covered == Decimal("0.00598")


def test_only_what_the_exchange_holds_open_is_at_rest() -> None:
    stop, _ = oco("l1", START)
    entry = fake_desk().reads.order_rows[2]
    assert is_at_rest(stop)
    assert is_at_rest(replace(stop, status="PARTIALLY_FILLED"))
    for status in ("INTENT", "UNKNOWN", "FILLED", "CANCELED", "EXPIRED", "NOT_PLACED"):
        assert not is_at_rest(replace(stop, status=status)), status
    assert not is_at_rest(replace(entry, status="OPEN"))


def test_an_incident_makes_an_unguarded_position_unprotected_and_says_why() -> None:
    desk = fake_desk()
    assert not desk.watch.protection()[0].is_unprotected
    incident = Incident("unprotected:BTCUSDT", "BTCUSDT: the exchange refused", "critical", START)
    other = Incident("unprotected:ETHUSDT", "ETHUSDT: something else", "critical", START)
    desk.reads.stored = replace(desk.reads.stored, incidents=(other, incident))
    (protection,) = desk.watch.protection()
    assert protection.is_unprotected
    assert protection.alarm == "BTCUSDT: the exchange refused"


def test_without_a_price_there_is_no_distance() -> None:
    desk = with_oco(fake_desk())
    desk.reads.decision_rows = ()
    (protection,) = desk.watch.protection()
    assert (protection.stop, protection.stop_distance_percent) == (Decimal("61000.00"), None)


SHARES = {"STOP_LOSS_SHARE": "0.05", "TAKE_PROFIT_SHARE": "0.10"}


def with_terms(
    desk: FakeDesk, stop: str | None = None, target: str | None = None, settings: dict[str, str] = SHARES
) -> FakeDesk:
    prices = (None if price is None else Decimal(price) for price in (stop, target))
    asked = AskedLevelsRow("BTCUSDT", *prices, actor="ann (cli)", reason="news", at=START)
    other = AskedLevelsRow("ETHUSDT", Decimal(1), None, "bob (mcp)", "", START)
    desk.reads.terms = ProtectionTerms(settings, {"BTCUSDT": Decimal("0.01")}, (other, asked))
    return desk


def test_a_target_that_no_order_holds_is_told_as_watched() -> None:
    stop = replace(oco("l1", START)[0], client_list_id=None)
    desk = with_terms(with_orders(fake_desk(), stop))
    (found,) = desk.watch.protection()
    paid = desk.reads.position_rows[0].average_price
    assert paid is not None
    assert found.watched_target is not None
    assert Decimal(0) <= found.watched_target - paid * Decimal("1.1") < Decimal("0.01")
    assert (found.target, found.targets) == (found.watched_target, ())
    assert (found.stop, found.watched_stop) == (Decimal("61000.00"), None)
    assert (found.asked_by, found.asked_stop) == ("", None)


def test_what_a_person_asked_for_is_told_with_who_asked() -> None:
    stop = replace(oco("l1", START, stop="60000")[0], client_list_id=None)
    (found,) = with_terms(with_orders(fake_desk(), stop), "60000", "70000").watch.protection()
    assert (found.asked_by, found.asked_reason) == ("ann (cli)", "news")
    assert (found.asked_stop, found.asked_target) == (Decimal(60000), Decimal(70000))
    assert (found.stop, found.target) == (Decimal(60000), Decimal(70000))
    assert (found.watched_stop, found.watched_target) == (None, Decimal(70000))


def test_a_level_that_was_asked_for_counts_before_the_order_is_moved() -> None:
    (found,) = with_terms(with_oco(fake_desk()), "62000", "63000").watch.protection()
    assert (found.stop, found.target) == (Decimal(62000), Decimal(63000))
    assert (found.watched_stop, found.watched_target) == (Decimal(62000), Decimal(63000))
    assert (found.stops, found.targets) == ((Decimal("61000.00"),), (Decimal("64000.00"),))


def test_levels_that_rest_are_not_watched_and_those_taken_back_not_told() -> None:
    (found,) = with_terms(with_oco(fake_desk())).watch.protection()
    assert (found.watched_stop, found.watched_target, found.asked_by) == (None, None, "")


def test_nothing_is_watched_of_a_position_that_nothing_guards() -> None:
    (found,) = with_terms(fake_desk()).watch.protection()
    assert (found.stop, found.target) == (None, None)


def test_nothing_held_needs_no_protection() -> None:
    assert fake_desk(empty=True).watch.protection() == ()


def test_protection_older_than_many_orders_of_its_symbol_is_found() -> None:
    desk = with_oco(fake_desk())
    stop, target, *rest = desk.reads.order_rows
    newer = [
        replace(stop, client_order_id=f"n{n}", client_list_id=None, status="EXPIRED", created_at=START)
        for n in range(250)
    ]
    desk.reads.order_rows = (*newer, stop, target, *rest)
    (protection,) = desk.watch.protection()
    assert protection.covered == QUANTITY


def test_a_price_is_known_also_after_many_decisions_without_data() -> None:
    desk = with_oco(fake_desk())
    blind = replace(desk.reads.decision_rows[0], symbol="BTCUSDT", outcome="no_data", price=None)
    desk.reads.decision_rows = (blind,) * 40 + tuple(desk.reads.decision_rows)
    assert desk.watch.last_price("BTCUSDT") == Decimal("62855.4")
    desk.reads.decision_rows = (blind,) * 40
    assert desk.watch.last_price("BTCUSDT") is None
