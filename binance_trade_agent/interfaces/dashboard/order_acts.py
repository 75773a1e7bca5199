"""Cancelling an order of ours, as an act that any page may offer."""

import asyncio

from binance_trade_agent.control.protections import is_at_rest
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.domain.records import OrderRow
from binance_trade_agent.interfaces.dashboard.acting import ACTOR, CHANNEL, Act, Doing, Told, Wish, Words
from binance_trade_agent.interfaces.dashboard.components.numbers import price, quantity
from binance_trade_agent.interfaces.desks import Desk


def may_cancel(row: OrderRow) -> bool:
    """Whether the exchange holds it open, as far as the journal knows."""
    status = OrderStatus(row.status)
    return not (status.is_terminal or status.is_unresolved)


def _words(desk: Desk, wish: Wish) -> Words:
    row = desk.watch.order(wish.target)
    if row is None:
        raise ConfigurationError("there is no order of ours with this id")
    if OrderStatus(row.status).is_terminal:
        raise ConfigurationError(f"it is {row.status} already")
    if not may_cancel(row):
        raise ConfigurationError(
            f"it is {row.status}: whether the exchange has it is looked up in each cycle; try again then"
        )
    return _of_protection(desk, row) if is_at_rest(row) else _of_entry(row)


def _of_entry(row: OrderRow) -> Words:
    at = f" at {price(row.price)}" if row.price is not None else ""
    text = f"Cancel the {row.purpose} of {quantity(row.quantity)} {row.symbol}{at}."
    if row.executed:
        text += f" {quantity(row.executed)} of it has traded and stays, with its protection."
    else:
        text += " Nothing of it has traded yet; what it holds back is free again."
    return Words(f"Cancel this order of {row.symbol}?", text, "Cancel order", basis=_basis(row, at))


def _basis(row: OrderRow, at: str) -> dict[str, str]:
    return {
        "the order": f"{row.purpose} of {quantity(row.quantity)}{at}",
        "what of it has traded": quantity(row.executed),
    }


def _of_protection(desk: Desk, row: OrderRow) -> Words:
    at = price(row.stop_price if row.stop_price is not None else row.price)
    whole = " with its whole order list" if row.client_list_id else ""
    control = desk.watch.status().control
    after = (
        f"Trading is halted by {control.actor}, so nothing puts it back until somebody resumes"
        if control.state is TradingState.HALTED
        else "The next cycle puts protection back"
    )
    return Words(
        f"Cancel the {row.purpose} that guards {row.symbol}?",
        f"Cancel the {row.purpose} of {quantity(row.quantity)} {row.symbol} at {at}{whole}. The position is unprotected"
        f" from then on. {after}. To move it instead, use Move on the page of positions.",
        "Cancel order",
        grave=True,
        basis=_basis(row, f" at {at}")
        | {"trading": f"halted by {control.actor}" if control.state is TradingState.HALTED else "not halted"},
    )


def _cancel(doing: Doing) -> Told:
    row = doing.desk.watch.order(doing.wish.target)
    asked = doing.desk.steering.cancel(
        doing.wish.target,
        actor=ACTOR,
        channel=CHANNEL,
        # the words said that it guards a position; the purpose of an order never changes
        force=row is not None and is_at_rest(row),
        reason=doing.reason,
        idempotency_key=doing.key,
    )
    return Told.of(asyncio.run(asked))


CANCEL = Act("cancel-order", _words, _cancel)
