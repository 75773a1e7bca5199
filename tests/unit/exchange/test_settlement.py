"""What a match does to balances, whatever asset the fee is taken from."""

from decimal import Decimal

import pytest

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import Balance, Wallet
from binance_trade_agent.exchange.matching import Fill, Match, Order, OrderType, TimeInForce
from binance_trade_agent.exchange.settlement import Fee, Pair, Terms, settle_match

ZERO = Decimal(0)
MATCH = Match(Decimal(100), Decimal(2))


def settled(side: Side, fee: Fee | None, **held: str) -> tuple[Fill, dict[str, Balance]]:
    wallet = Wallet({asset: Balance(Decimal(amount)) for asset, amount in held.items()})
    order = Order(
        order_id=1,
        account_id=1,
        symbol="ABCUSDT",
        client_order_id="c",
        side=side,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        price=ZERO,
        quantity=MATCH.quantity,
        quote_quantity=ZERO,
        time_ms=1,
        update_ms=1,
        list_id=7,
    )
    terms = Terms(Pair("ABC", "USDT"), Decimal("0.001"), 5, lambda due: fee or due)
    return settle_match(wallet, order, MATCH, terms, 9, is_maker=False), wallet.changed


def test_the_fee_is_taken_from_what_was_received() -> None:
    fill, changed = settled(Side.BUY, None, USDT="200")
    assert (fill.commission, fill.commission_asset, fill.list_id) == (Decimal("0.002"), "ABC", 7)
    assert changed == {"USDT": Balance(ZERO), "ABC": Balance(Decimal("1.998"))}
    fill, changed = settled(Side.SELL, None, ABC="2")
    assert (fill.commission, fill.commission_asset) == (Decimal("0.2"), "USDT")
    assert changed == {"ABC": Balance(ZERO), "USDT": Balance(Decimal("199.8"))}


def test_a_fee_in_a_third_asset_leaves_what_was_received_whole() -> None:
    fill, changed = settled(Side.BUY, Fee("BNB", Decimal("0.01")), USDT="200", BNB="0.01")
    assert (fill.commission, fill.commission_asset) == (Decimal("0.01"), "BNB")
    assert changed == {"USDT": Balance(ZERO), "ABC": Balance(Decimal(2)), "BNB": Balance(ZERO)}


@pytest.mark.parametrize("held", [{}, {"BNB": "0.00999999"}])
def test_too_little_of_the_third_asset_falls_back_in_full(held: dict[str, str]) -> None:
    fill, changed = settled(Side.BUY, Fee("BNB", Decimal("0.01")), USDT="200", **held)
    assert (fill.commission, fill.commission_asset) == (Decimal("0.002"), "ABC")
    assert changed["ABC"] == Balance(Decimal("1.998"))
    assert "BNB" not in changed
