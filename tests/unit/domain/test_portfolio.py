from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from binance_trade_agent.domain.money import product, total
from binance_trade_agent.domain.orders import Fill, Side
from binance_trade_agent.domain.portfolio import (
    AccountSnapshot,
    AssetBalance,
    Equity,
    PortfolioView,
    Position,
)

T0 = datetime(2024, 8, 5, tzinfo=UTC)
EMPTY = Position("BTCUSDT", "BTC", "USDT")


def fill(side: Side, quantity: str, price: str, fee: str = "0", asset: str = "USDT", minute: int = 0) -> Fill:
    amount, at = Decimal(quantity), T0 + timedelta(minutes=minute)
    quote = product(amount, Decimal(price))
    return Fill("BTCUSDT", minute, 1, side, Decimal(price), amount, quote, Decimal(fee), asset, at, False)


def buy(*arguments, **names) -> Fill:
    return fill(Side.BUY, *arguments, **names)


def sell(*arguments, **names) -> Fill:
    return fill(Side.SELL, *arguments, **names)


def test_a_buy_with_its_fee_in_base_costs_the_full_quote_for_less():
    position = EMPTY.after(buy("1", "100", "0.001", "BTC"))
    assert (position.quantity, position.cost, position.fees_quote) == (Decimal("0.999"), 100, Decimal("0.1"))
    assert position.opened_at == T0


def test_a_buy_with_its_fee_in_quote_costs_more():
    position = EMPTY.after(buy("1", "100", "0.1"))
    assert (position.quantity, position.cost, position.average_price) == (
        1,
        Decimal("100.1"),
        Decimal("100.1"),
    )


def test_a_fee_in_a_third_asset_stays_out_of_the_position():
    position = EMPTY.after(buy("1", "100", "0.01", "BNB"))
    assert (position.quantity, position.cost, position.fees_quote) == (1, 100, 0)
    sold = position.after(sell("1", "110", "0.01", "BNB", minute=1))
    assert (sold.quantity, sold.cost, sold.realised, sold.fees_quote) == (0, 0, 10, 0)


def test_a_sell_realises_against_average_cost():
    held = EMPTY.after(buy("1", "100")).after(buy("1", "200", minute=1))
    position = held.after(sell("0.5", "180", "1", minute=2))
    assert (position.quantity, position.cost, position.realised) == (Decimal("1.5"), 225, 14)
    assert position.opened_at == T0
    assert position.unrealised(Decimal(160)) == 15


def test_selling_all_closes_the_position_and_a_new_buy_opens_it_again():
    closed = EMPTY.after(buy("3", "10")).after(sell("3", "11", minute=1))
    assert (closed.quantity, closed.cost, closed.realised, closed.opened_at) == (0, 0, 3, None)
    assert closed.average_price is None
    again = closed.after(buy("1", "10", minute=2))
    assert (again.opened_at, again.realised) == (T0 + timedelta(minutes=2), 3)


quantities = st.integers(1, 10**11).map(lambda units: Decimal(units).scaleb(-8))
prices = st.integers(1, 10**11).map(lambda units: Decimal(units).scaleb(-4))
fees = st.integers(0, 10**6).map(lambda units: Decimal(units).scaleb(-8))


@given(
    bought=st.lists(st.tuples(quantities, prices, fees), min_size=1, max_size=8),
    shares=st.lists(st.integers(1, 100), max_size=6),
    last=prices,
)
def test_what_was_paid_is_either_still_held_or_realised(bought, shares, last):
    """Cash out less cash in = cost held - realised: nothing is gained or lost in between, whatever is sold when."""
    position, paid = EMPTY, Decimal(0)
    for quantity, price, fee in bought:
        one = buy(str(quantity), str(price), str(fee))
        position, paid = position.after(one), total([paid, one.quote_quantity, one.commission])
    for share in shares:
        quantity = (position.quantity * share / 100).quantize(Decimal("1e-8"))
        if quantity == 0:
            continue
        one = sell(str(quantity), str(last), "0.01")
        position, paid = position.after(one), total([paid, -one.quote_quantity, one.commission])
        assert position.quantity >= 0
        assert position.cost >= 0
    assert total([position.cost, -position.realised, -paid]) == 0
    if position.quantity == 0:
        assert position.cost == 0


def test_an_account_lists_what_is_free():
    account = AccountSnapshot({"USDT": AssetBalance("USDT", Decimal(7), Decimal(3))}, True, T0)
    assert (account.free("USDT"), account.free("BTC")) == (7, 0)
    assert account.balances["USDT"].total == 10


def test_a_view_values_positions_at_the_last_price_or_at_cost():
    positions = {
        "BTCUSDT": Position("BTCUSDT", "BTC", "USDT", quantity=Decimal(2), cost=Decimal(150)),
        "ETHUSDT": Position("ETHUSDT", "ETH", "USDT", quantity=Decimal(5), cost=Decimal(40)),
        "BNBUSDT": Position("BNBUSDT", "BNB", "USDT"),
    }
    view = PortfolioView("USDT", Decimal(1000), Decimal(0), positions, {"BTCUSDT": Decimal(100)})
    assert (view.value("BTCUSDT"), view.value("ETHUSDT"), view.value("XRPUSDT")) == (200, 40, 0)
    assert view.position("BNBUSDT") is None
    assert (view.exposure, view.equity) == (240, 1240)


def test_equity_is_cash_and_positions():
    equity = Equity(T0, "USDT", Decimal(1000), Decimal("10.5"), Decimal(0), Decimal(0))
    assert equity.total == Decimal("1010.5")


def test_a_buy_on_top_of_dust_begins_a_new_position_and_one_on_top_of_a_position_does_not():
    dust = EMPTY.after(buy("1", "100", "0.001", "BTC")).after(sell("0.99", "101", minute=1))
    assert dust.after(buy("1", "100", minute=2)).opened_at == T0 + timedelta(minutes=2)
    held = EMPTY.after(buy("1", "100"))
    assert held.after(buy("50", "100", minute=2)).opened_at == T0
