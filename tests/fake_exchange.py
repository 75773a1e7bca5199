"""An exchange in memory with a scripted mood: each method can be told to fail."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.errors import ConfigurationError, ExchangeError
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval
from binance_trade_agent.domain.orders import (
    ExchangeOrder,
    Fill,
    OrderIntent,
    OrderStatus,
    RequestStamp,
    Side,
)
from binance_trade_agent.domain.portfolio import AccountSnapshot, AssetBalance
from binance_trade_agent.domain.symbol_rules import SymbolRules

START = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FEE = Decimal("0.001")


def rules_of(symbol: str, quote: str = "USDT") -> SymbolRules:
    zero = Decimal(0)
    return SymbolRules(
        symbol=symbol,
        base=symbol.removesuffix(quote),
        quote=quote,
        trading=True,
        tick_size=Decimal("0.01"),
        min_price=zero,
        max_price=zero,
        step_size=Decimal("0.00001"),
        min_quantity=Decimal("0.00001"),
        max_quantity=Decimal(9000),
        market_step_size=zero,
        market_min_quantity=zero,
        market_max_quantity=Decimal(100),
        min_notional=Decimal(5),
        max_notional=zero,
        min_notional_for_market=True,
        max_notional_for_market=False,
    )


class FakeExchange:
    """Fills market orders at the price at once. `errors` maps a method's name to what it raises."""

    def __init__(self, symbols: Sequence[str] = ("BTCUSDT",), *, history: int = 60) -> None:
        self.symbols = tuple(symbols)
        self.time = START + history * MINUTE + timedelta(seconds=1)
        self.price = Decimal(100)
        self.closes: list[Decimal] = [self.price] * history
        self.balances = {"USDT": Decimal(1000)}
        self.errors: dict[str, Exception] = {}
        #: raised by `place` after the order was carried out: the answer is lost
        self.lost_answer: ExchangeError | None = None
        #: what the exchange does not show yet although it has it
        self.invisible = False
        self.orders: dict[str, ExchangeOrder] = {}
        self.sent: list[OrderIntent] = []
        self.calls: list[str] = []
        self.waited_s = 0.0
        self.used_weight = 0

    # test's hand -----------------------------------------------------------------

    def close_candle(self, close: Decimal | int) -> None:
        self.closes.append(Decimal(close))
        self.price = Decimal(close)
        self.time += MINUTE

    # port --------------------------------------------------------------------------

    async def connect(self) -> None:
        self._call("connect")

    def now(self) -> datetime:
        return self.time

    def stamp(self) -> RequestStamp:
        return RequestStamp(int(self.time.timestamp() * 1000), 5000)

    async def rules(self, symbols: Sequence[str]) -> Mapping[str, SymbolRules]:
        self._call("rules")
        unknown = set(symbols) - set(self.symbols)
        if unknown:
            raise ConfigurationError(f"unknown: {', '.join(sorted(unknown))}")
        return {symbol: rules_of(symbol) for symbol in symbols}

    async def candles(
        self, symbol: str, interval: CandleInterval, *, limit: int, since: datetime | None = None
    ) -> tuple[Candle, ...]:
        self._call(f"candles {symbol} limit={limit} since={since}")
        if error := self.errors.get("candles"):
            raise error
        known = [self._candle(index) for index in range(len(self.closes))]
        if since is not None:
            return tuple(candle for candle in known if candle.open_time >= since)[:limit]
        return tuple(known[-limit:])

    async def book_tops(self, symbols: Sequence[str]) -> Mapping[str, BookTop]:
        self._call("book_tops")
        one = Decimal(1)
        return {s: BookTop(s, self.price, one, self.price, one) for s in symbols}

    async def account(self) -> AccountSnapshot:
        self._call("account")
        held = {asset: AssetBalance(asset, amount, Decimal(0)) for asset, amount in self.balances.items()}
        return AccountSnapshot(held, True, self.time)

    async def place(self, intent: OrderIntent) -> ExchangeOrder:
        self._call("place")
        self.sent.append(intent)
        order = self._fill(intent)
        if self.lost_answer is not None:
            raise self.lost_answer
        return order

    async def find_order(self, symbol: str, client_order_id: str) -> ExchangeOrder | None:
        self._call("find_order")
        return None if self.invisible else self.orders.get(client_order_id)

    async def orders_since(self, symbol: str, since: datetime) -> tuple[ExchangeOrder, ...]:
        self._call("orders_since")
        return tuple(self.orders.values())

    async def fills_since(self, symbol: str, since: datetime) -> tuple[Fill, ...]:
        self._call("fills_since")
        return tuple(fill for order in self.orders.values() for fill in order.fills)

    async def open_orders(self, symbol: str) -> tuple[ExchangeOrder, ...]:
        self._call("open_orders")
        return ()

    async def cancel(self, symbol: str, client_order_id: str) -> ExchangeOrder:
        self._call("cancel")
        return self.orders[client_order_id]

    async def close(self) -> None:
        self._call("close")

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if error := self.errors.get(name):
            raise error

    def _candle(self, index: int) -> Candle:
        opened, close = START + index * MINUTE, self.closes[index]
        before = self.closes[max(0, index - 1)]
        return Candle(
            opened, opened + MINUTE, before, max(before, close), min(before, close), close, Decimal(1)
        )

    def _fill(self, intent: OrderIntent) -> ExchangeOrder:
        quantity, quote, number = intent.quantity, intent.quantity * self.price, len(self.orders) + 1
        base = intent.symbol.removesuffix("USDT")
        buys = intent.side is Side.BUY
        commission = quantity * FEE if buys else quote * FEE
        sign = 1 if buys else -1
        self.balances[base] = self.balances.get(base, Decimal(0)) + sign * quantity
        self.balances["USDT"] -= sign * quote
        self.balances[base if buys else "USDT"] -= commission
        fill = Fill(
            symbol=intent.symbol,
            trade_id=number,
            exchange_order_id=number,
            side=intent.side,
            price=self.price,
            quantity=quantity,
            quote_quantity=quote,
            commission=commission,
            commission_asset=base if buys else "USDT",
            traded_at=self.time,
            is_maker=False,
        )
        order = ExchangeOrder(
            symbol=intent.symbol,
            client_order_id=intent.client_order_id,
            exchange_order_id=number,
            side=intent.side,
            status=OrderStatus.FILLED,
            quantity=quantity,
            executed=quantity,
            quote_executed=quote,
            updated_at=self.time,
            fills=(fill,),
        )
        self.orders[intent.client_order_id] = order
        return order
