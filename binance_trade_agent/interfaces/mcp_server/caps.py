"""The caps of a token, held in the transaction that stores the order: calls at the same time cannot pass together."""

from collections.abc import Sequence
from decimal import Decimal

from binance_trade_agent.domain.caps import Admission, AskedOrder, use_of, worth_of
from binance_trade_agent.domain.grants import Caps
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.interfaces.desks import Desk
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal

_RENEWED = "it is renewed at 00:00 UTC"


def admission(
    desk: Desk, caps: Caps, symbol: str, quantity: Decimal | None, limit_price: Decimal | None = None
) -> Admission | None:
    """What refuses an order that would exceed `caps`, for `Steering.trade`; None where nothing is capped."""
    if not caps.is_any:
        return None
    wanted = worth_of(quantity, limit_price or desk.watch.last_price(symbol))

    def admit(asked: Sequence[AskedOrder]) -> None:
        use = use_of(asked, desk.watch.last_price)
        if caps.orders_per_day is not None and use.orders >= caps.orders_per_day:
            raise refusal(
                RefusalCode.CAP_REACHED,
                f"this token may cause {caps.orders_per_day} orders a day and has caused {use.orders}; {_RENEWED}",
            )
        if caps.quote_per_day is not None:
            _hold_quote(caps.quote_per_day, use.quote, wanted, quantity)

    return admit


def foresee(desk: Desk, admit: Admission | None, actor: str, key: str | None) -> None:
    """Refuse now what `admit` would refuse, before anybody is asked about it; a repeated `key` asks for nothing new."""
    if admit is None:
        return
    asked = desk.watch.asked_orders(actor)
    if key is None or all(one.key != key for one in asked):
        admit(asked)


def _hold_quote(cap: Decimal, used: Decimal | None, wanted: Decimal | None, quantity: Decimal | None) -> None:
    if quantity is None:
        raise refusal(
            RefusalCode.BAD_ARGUMENT, "quantity: this token's amount a day is capped, so it must say how much"
        )
    if wanted is None:
        raise refusal(
            RefusalCode.CAP_REACHED, "no price of the symbol is known, so its worth cannot be capped"
        )
    if used is None:
        raise refusal(
            RefusalCode.CAP_REACHED,
            "an earlier order of this token is under way; ask again once it has ended",
        )
    if used + wanted > cap:
        raise refusal(
            RefusalCode.CAP_REACHED,
            f"this token may trade {to_wire(cap)} of quote currency a day; {to_wire(max(cap - used, cap * 0))} is left,"
            f" this would be about {to_wire(wanted)}; {_RENEWED}",
        )
