"""Whatever rests and whatever is asked for: a few steps lead to a protection that agrees, and none leaves a hole."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import JournalOrder, OrderStatus, OrderType, Purpose
from binance_trade_agent.domain.protection import (
    AskedLevels,
    Cover,
    Drop,
    ExitNow,
    Leave,
    Move,
    Place,
    ProtectionPlan,
    Step,
    Stuck,
    covered,
    covers_of,
    levels_of,
)
from binance_trade_agent.domain.protection_steps import next_step
from binance_trade_agent.domain.symbol_rules import SymbolRules
from tests.covers import EVERYTHING, book, leg, oco, position
from tests.trading_views import SYMBOL

_PRICES = st.integers(800, 1200).map(lambda tenths: Decimal(tenths) / 10)
_QUANTITIES = st.sampled_from(["0.03", "0.051", "0.5", "1", "1.0004", "2"])
_SHARES = st.sampled_from([Decimal(0), Decimal("0.05"), Decimal("0.1")])
_PLANS = st.builds(
    ProtectionPlan, _SHARES, _SHARES, st.sampled_from([Decimal(0), Decimal(0), Decimal("0.05")])
)
_RULES = st.builds(
    lambda types, oco_allowed, replaces, algo, band: replace(
        EVERYTHING,
        order_types=types,
        oco_allowed=oco_allowed,
        cancel_replace_allowed=replaces,
        max_algo_orders=algo,
        sell_price_band=band,
    ),
    st.sampled_from(
        [
            frozenset(OrderType),
            frozenset(OrderType) - {OrderType.STOP_LOSS},
            frozenset(OrderType) - {OrderType.LIMIT_MAKER},
            frozenset(OrderType) - {OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT},
        ]
    ),
    st.booleans(),
    st.sampled_from([True, True, False]),
    st.sampled_from([0, 1, 5]),
    st.sampled_from([(ZERO, ZERO), (Decimal("0.5"), Decimal("1.1"))]),
)


@st.composite
def _covers(draw: st.DrawFn) -> list[JournalOrder]:
    rows: list[JournalOrder] = []
    for number in range(draw(st.integers(0, 3))):
        quantity = draw(_QUANTITIES)
        stop, target = str(draw(_PRICES)), str(draw(_PRICES))
        kind = draw(st.sampled_from(["oco", "stop", "target", "rest of a target"]))
        if kind == "oco":
            rows += oco(quantity, stop, f"l{number}", target)
        elif kind == "stop":
            rows.append(replace_id(leg(Purpose.STOP, quantity, price=stop, list_id=None), number))
        else:
            rests = kind == "target"
            rows.append(
                replace_id(
                    leg(
                        Purpose.TARGET,
                        quantity,
                        price=target,
                        list_id=None,
                        status=OrderStatus.OPEN if rests else OrderStatus.PARTIALLY_FILLED,
                        booked="0" if rests else "0.01",
                    ),
                    number,
                )
            )
    return rows


def replace_id(row: JournalOrder, number: int) -> JournalOrder:
    return replace(row, intent=replace(row.intent, client_order_id=f"bta-{number}"))


def carried_out(step: Place | Move | Drop, covers: Sequence[Cover], number: int) -> tuple[Cover, ...]:
    """What rests once the exchange has done it."""
    kept = tuple(cover for cover in covers if isinstance(step, Place) or cover is not step.cover)
    if isinstance(step, Drop):
        return kept
    list_id = f"new{number}" if step.stop is not None and step.target is not None else None
    rows = []
    if step.stop is not None:
        rows.append(leg(Purpose.STOP, str(step.quantity), price=str(step.stop.stop_price), list_id=list_id))
    if step.target is not None:
        rows.append(leg(Purpose.TARGET, str(step.quantity), price=str(step.target), list_id=list_id))
    return (*kept, Cover(tuple(replace_id(row, 100 + number) for row in rows)))


@settings(max_examples=600, deadline=None)
@given(
    quantity=st.sampled_from(["0", "0.03", "0.5", "1", "1.051", "2.0004", "2.053", "5"]),
    rows=_covers(),
    rules=_RULES,
    plan=_PLANS,
    stop=st.none() | _PRICES,
    target=st.none() | _PRICES,
    bid=_PRICES,
)
def test_steps_end_and_never_uncover_what_had_a_stop(
    quantity: str,
    rows: list[JournalOrder],
    rules: SymbolRules,
    plan: ProtectionPlan,
    stop: Decimal | None,
    target: Decimal | None,
    bid: Decimal,
) -> None:
    held, top, asked = position(quantity), book(str(bid)), AskedLevels(stop, target)
    covers = covers_of(rows, SYMBOL)
    levels = levels_of(held, rules, top, plan, asked)
    most = len(covers) * 2 + 4
    step: Step = next_step(held, covers, rules, top, plan, asked)
    for number in range(most):
        if isinstance(step, Leave | ExitNow):
            break
        had_too_much = covered(covers) > held.quantity
        if isinstance(step, Drop):
            assert had_too_much or asked.are_taken_back
        elif isinstance(step, Move) and step.cover.stop_price is not None:
            assert step.stop is not None or (asked.are_taken_back and levels.stop is None)
        covers = carried_out(step, covers, number)
        assert had_too_much or covered(covers) <= held.quantity
        step = next_step(held, covers, rules, top, plan, asked)
    assert isinstance(step, Leave | ExitNow), step
    if type(step) is Leave and not step.alarm and held.quantity and rules.trading:
        _agrees(covers, asked, plan, rules)
    if type(step) is Leave and asked.are_taken_back:
        # what was taken back is forgotten then: the settings alone must not begin anew
        assert not isinstance(next_step(held, covers, rules, top, plan, None), Drop | Stuck)


def _agrees(covers: Sequence[Cover], asked: AskedLevels, plan: ProtectionPlan, rules: SymbolRules) -> None:
    for cover in covers:
        if asked.stop_price is not None:
            assert cover.stop_price is not None
            assert cover.stop_price >= asked.stop_price - rules.tick_size
            if not plan.trailing_share:
                assert cover.stop_price <= asked.stop_price + rules.tick_size
        if asked.target_price is not None and cover.target_price is not None:
            assert abs(cover.target_price - asked.target_price) <= rules.tick_size
