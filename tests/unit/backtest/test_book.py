from datetime import UTC, datetime, timedelta
from decimal import Decimal

from binance_trade_agent.backtest.book import BookFold
from binance_trade_agent.domain.orders import Fill, Side
from binance_trade_agent.domain.records import Booking, PositionMoveRow

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATER = START + timedelta(days=1)


def fill(
    trade_id: int,
    side: Side,
    quantity: str,
    price: str,
    *,
    symbol: str = "BTCUSDT",
    order: int | None = None,
    fee: str = "0",
    fee_asset: str = "BNB",
) -> Fill:
    amount, at = Decimal(quantity), Decimal(price)
    return Fill(
        symbol=symbol,
        trade_id=trade_id,
        exchange_order_id=order or trade_id,
        side=side,
        price=at,
        quantity=amount,
        quote_quantity=amount * at,
        commission=Decimal(fee),
        commission_asset=fee_asset,
        traded_at=START + trade_id * MINUTE,
        is_maker=False,
    )


class Bookings:
    """Bookings as the ledger writes them: several flows a fill, the last of which carries it."""

    def __init__(self, **opening: str) -> None:
        self.rows: list[Booking] = []
        self.moves: list[PositionMoveRow] = []
        for asset, amount in opening.items():
            self.flow(asset, Decimal(amount))

    @property
    def mark(self) -> int:
        return len(self.rows)

    def flow(self, asset: str, amount: Decimal, fill: Fill | None = None) -> None:
        self.rows.append(Booking(self.mark + 1, asset, amount, START, fill))

    def book(self, *fills: Fill) -> int:
        for each in fills:
            sign = 1 if each.side is Side.BUY else -1
            self.flow(each.symbol.removesuffix("USDT"), sign * each.quantity)
            last = None if each.commission else each
            self.flow("USDT", -sign * each.quote_quantity, last)
            if each.commission:
                self.flow(each.commission_asset, -each.commission, each)
        return self.mark

    def move(self, symbol: str, after_trade_id: int, quantity: str) -> int:
        self.flow(symbol.removesuffix("USDT"), Decimal(0))
        self.moves.append(PositionMoveRow(symbol, after_trade_id, Decimal(quantity), LATER, self.mark))
        return self.mark


def test_the_book_stands_where_it_stood_at_each_mark() -> None:
    bookings = Bookings(USDT="1000")
    opened = bookings.mark
    bought = bookings.book(fill(1, Side.BUY, "2", "100"))
    sold = bookings.book(fill(2, Side.SELL, "1", "110"))
    book = BookFold(bookings.rows, (), "USDT")
    assert book.at(opened).positions == {}
    assert book.at(opened).balances == {"USDT": Decimal(1000)}
    then = book.at(bought)
    assert then.positions["BTCUSDT"].quantity == 2
    assert then.balances["USDT"] == 800
    after = book.at(sold)
    assert after.positions["BTCUSDT"].quantity == 1
    assert after.positions["BTCUSDT"].realised == 10
    assert after.balances == {"BTC": Decimal(1), "USDT": Decimal(910)}


def test_an_earlier_mark_can_be_asked_for_after_a_later_one() -> None:
    bookings = Bookings(USDT="1000")
    bought = bookings.book(fill(1, Side.BUY, "2", "100"))
    sold = bookings.book(fill(2, Side.SELL, "2", "110"))
    book = BookFold(bookings.rows, (), "USDT")
    assert book.at(sold).positions["BTCUSDT"].quantity == 0
    assert book.at(bought).positions["BTCUSDT"].quantity == 2


def test_a_late_fill_counts_by_its_trade_id_from_its_booking_on() -> None:
    bookings = Bookings(USDT="1000")
    one, late, sale = (
        fill(1, Side.BUY, "1", "100"),
        fill(2, Side.BUY, "1", "120"),
        fill(3, Side.SELL, "1", "130"),
    )
    before = bookings.book(one, sale)
    after = bookings.book(late)
    book = BookFold(bookings.rows, (), "USDT")
    assert book.at(before).positions["BTCUSDT"].realised == 30
    assert book.at(before).trips.open == {}
    recounted = book.at(after)
    assert recounted.positions["BTCUSDT"].realised == 20
    assert recounted.positions["BTCUSDT"].cost == 110
    trip = recounted.trips.open["BTCUSDT"]
    assert (trip.entries, trip.exits) == (2, 1)
    assert trip.first_price == 100
    assert trip.last_entry_price == 120
    assert recounted.trips.last_closed == {}


def test_what_others_took_leaves_at_cost_after_the_trade_it_came_after() -> None:
    bookings = Bookings(USDT="1000")
    bought = bookings.book(fill(1, Side.BUY, "4", "100"))
    moved = bookings.move("BTCUSDT", 1, "3")
    later = bookings.book(fill(3, Side.BUY, "1", "200"))
    late = bookings.book(fill(2, Side.BUY, "1", "300"))
    book = BookFold(bookings.rows, bookings.moves, "USDT")
    costs = [book.at(mark).positions["BTCUSDT"].cost for mark in (bought, moved, later, late)]
    assert costs == [400, 100, 300, 600]
    assert book.at(late).positions["BTCUSDT"].quantity == 3


def test_a_move_of_everything_closes_the_trip() -> None:
    bookings = Bookings(USDT="1000")
    bookings.book(fill(1, Side.BUY, "4", "100"))
    mark = bookings.move("BTCUSDT", 1, "4")
    trips = BookFold(bookings.rows, bookings.moves, "USDT").at(mark).trips
    assert trips.open == {}
    assert trips.last_closed["BTCUSDT"].closed_at == LATER
    assert trips.streak == 0


def test_fees_of_other_symbols_take_of_a_position_what_the_account_lacks() -> None:
    bookings = Bookings(USDT="1000", BNB="1")
    mark = bookings.book(
        fill(1, Side.BUY, "2", "100", symbol="BNBUSDT"),
        fill(7, Side.BUY, "1", "100", fee="1.5", fee_asset="BNB"),
    )
    state = BookFold(bookings.rows, (), "USDT").at(mark)
    held = state.positions["BNBUSDT"]
    assert state.balances["BNB"] == Decimal("1.5")
    assert held.quantity == Decimal("1.5")
    assert held.cost == 150
    assert held.realised == -50
    assert held.fees_quote == 50


def test_a_fee_in_the_bought_coin_itself_is_no_other_symbols_fee() -> None:
    bookings = Bookings(USDT="1000")
    mark = bookings.book(fill(1, Side.BUY, "2", "100", symbol="BNBUSDT", fee="0.002", fee_asset="BNB"))
    state = BookFold(bookings.rows, (), "USDT").at(mark)
    assert state.positions["BNBUSDT"].quantity == state.balances["BNB"] == Decimal("1.998")
    assert state.positions["BNBUSDT"].realised == 0


def test_the_losing_streak_runs_over_all_symbols_newest_first() -> None:
    bookings = Bookings(USDT="9000")
    marks = [
        bookings.book(
            fill(place, Side.BUY, "1", "100", symbol=symbol),
            fill(place + 1, Side.SELL, "1", price, symbol=symbol),
        )
        for place, symbol, price in ((1, "BTCUSDT", "120"), (3, "ETHUSDT", "90"), (5, "BTCUSDT", "80"))
    ]
    book = BookFold(bookings.rows, (), "USDT")
    assert [book.at(mark).trips.streak for mark in marks] == [0, 1, 2]
    last = book.at(marks[-1]).trips
    assert last.last_loss_at == START + 6 * MINUTE
    assert {symbol: trip.realised for symbol, trip in last.last_closed.items()} == {
        "BTCUSDT": -20,
        "ETHUSDT": -10,
    }


def test_a_move_that_an_earlier_version_noted_counts_after_its_trade() -> None:
    bookings = Bookings(USDT="1000")
    bought = bookings.book(fill(1, Side.BUY, "2", "100"))
    sold = bookings.book(fill(2, Side.SELL, "0.5", "110"))
    moved = PositionMoveRow("BTCUSDT", 1, Decimal(1), LATER, 0)
    book = BookFold(bookings.rows, (moved,), "USDT")
    assert book.at(bought).positions["BTCUSDT"].quantity == 1
    assert book.at(sold).positions["BTCUSDT"].quantity == Decimal("0.5")
