"""An exchange in memory with a scripted mood: each method can be told to fail."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.errors import ConfigurationError, ExchangeError, Refused
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, Listing
from binance_trade_agent.domain.orders import (
    CancelIntent,
    ExchangeOrder,
    Fill,
    OrderIntent,
    OrderListIntent,
    OrderStatus,
    OrderType,
    Replacement,
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
        order_types=frozenset(OrderType),
        oco_allowed=True,
        cancel_replace_allowed=True,
        max_algo_orders=5,
    )


class FakeExchange:
    """Fills market orders at the price at once and lets the others rest until the price reaches them.

    `errors` maps a method's name to what it raises before it does anything; `lost_answer` is raised by
    a placement, a cancel or a replacement after it was carried out.
    """

    def __init__(self, symbols: Sequence[str] = ("BTCUSDT",), *, history: int = 60) -> None:
        self.symbols = tuple(symbols)
        self.time = START + history * MINUTE + timedelta(seconds=1)
        self.price = Decimal(100)
        self.closes: list[Decimal] = [self.price] * history
        self.balances = {"USDT": Decimal(1000)}
        self.errors: dict[str, Exception] = {}
        self.lost_answer: ExchangeError | None = None
        #: what the look-up of an order does not show yet although the exchange has it
        self.invisible = False
        #: what the lists of orders and fills do not show yet either
        self.unlisted = False
        self.orders: dict[str, ExchangeOrder] = {}
        self.sent: list[OrderIntent] = []
        self.sent_lists: list[OrderListIntent] = []
        self.sent_cancels: list[CancelIntent] = []
        #: client order id -> client order ids of its list
        self.lists: dict[str, tuple[str, ...]] = {}
        #: what the new order of a replacement is refused with after the old one was cancelled
        self.refused_half: Refused | None = None
        self.calls: list[str] = []
        self.waited_s = 0.0
        self.used_weight = 0

    # test's hand -----------------------------------------------------------------

    def close_candle(self, close: Decimal | int) -> None:
        self.closes.append(Decimal(close))
        self.time += MINUTE
        self.move_to(close)

    def move_to(self, price: Decimal | int) -> None:
        """Trade at `price`: whatever rests and is reached by it is executed."""
        self.price = Decimal(price)
        for order in list(self.orders.values()):
            if self._is_open(order.client_order_id) and self._is_reached(order):
                self.execute(order.client_order_id)

    def execute(self, client_order_id: str, quantity: Decimal | None = None) -> ExchangeOrder:
        """Execute what is left of a resting order, or `quantity` of it; the first trade ends the list's others."""
        order = self.orders[client_order_id]
        if order.status is OrderStatus.OPEN:
            for other in self.lists.get(client_order_id, ()):
                if other != client_order_id:
                    self._end(other, OrderStatus.EXPIRED)
        left = order.quantity - order.executed
        return self._trade(order, left if quantity is None else quantity, was_resting=True)

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

    async def listings(self) -> tuple[Listing, ...]:
        """The symbols, each with half the volume of the one before it."""
        self._call("listings")
        return tuple(
            Listing(
                symbol=symbol,
                base=rules_of(symbol).base,
                quote=rules_of(symbol).quote,
                price=self.price,
                bid=self.price,
                ask=self.price,
                quote_volume=Decimal(1_000_000) / 2**rank,
            )
            for rank, symbol in enumerate(self.symbols)
        )

    async def account(self) -> AccountSnapshot:
        self._call("account")
        locked = self._locked()
        held = {
            asset: AssetBalance(asset, amount - locked.get(asset, Decimal(0)), locked.get(asset, Decimal(0)))
            for asset, amount in self.balances.items()
        }
        return AccountSnapshot(held, True, self.time)

    async def place(self, intent: OrderIntent) -> ExchangeOrder:
        self._call("place")
        self.sent.append(intent)
        order = self._take(intent)
        self._answer()
        return order

    async def place_list(self, order_list: OrderListIntent) -> tuple[ExchangeOrder, ...]:
        self._call("place_list")
        self.sent_lists.append(order_list)
        for leg in order_list.legs:
            self._check(leg)
        names = tuple(leg.client_order_id for leg in order_list.legs)
        legs = tuple(self._rest(leg) for leg in order_list.legs)
        self.lists |= dict.fromkeys(names, names)
        self._answer()
        return legs

    async def cancel(self, cancel: CancelIntent) -> None:
        self._call("cancel")
        self.sent_cancels.append(cancel)
        self._cancel(cancel)
        self._answer()

    async def replace(self, cancel: CancelIntent, intent: OrderIntent) -> Replacement:
        self._call("replace")
        self.sent_cancels.append(cancel)
        self.sent.append(intent)
        self._cancel(cancel)
        try:
            if self.refused_half is not None:
                raise self.refused_half
            replacement = Replacement(self._take(intent))
        except Refused as refusal:
            replacement = Replacement(None, str(refusal))
        self._answer()
        return replacement

    async def find_order(self, symbol: str, client_order_id: str) -> ExchangeOrder | None:
        self._call("find_order")
        return None if self.invisible else self.orders.get(client_order_id)

    async def orders_since(self, symbol: str, since: datetime) -> tuple[ExchangeOrder, ...]:
        self._call("orders_since")
        found = [order for order in self.orders.values() if order.symbol == symbol]
        return () if self.unlisted else tuple(found)

    async def fills_since(self, symbol: str, since: datetime) -> tuple[Fill, ...]:
        self._call("fills_since")
        found = [fill for order in self.orders.values() if order.symbol == symbol for fill in order.fills]
        return () if self.unlisted else tuple(found)

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        self._call("open_orders")
        if self.unlisted:
            return ()
        return tuple(
            replace(order, fills=())
            for order in self.orders.values()
            if self._is_open(order.client_order_id) and symbol in (None, order.symbol)
        )

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

    def _locked(self) -> dict[str, Decimal]:
        """What open orders hold back: of a list only one leg, because only one can trade."""
        locked: dict[str, Decimal] = {}
        counted: set[str] = set()
        for order in self.orders.values():
            if not self._is_open(order.client_order_id) or order.client_order_id in counted:
                continue
            counted |= set(self.lists.get(order.client_order_id, ()))
            asset, amount = self._cost(order)
            locked[asset] = locked.get(asset, Decimal(0)) + amount
        return locked

    def _cost(self, order: ExchangeOrder) -> tuple[str, Decimal]:
        left = order.quantity - order.executed
        if order.side is Side.SELL:
            return order.symbol.removesuffix("USDT"), left
        return "USDT", left * (order.price or self.price)

    def _answer(self) -> None:
        if self.lost_answer is not None:
            raise self.lost_answer

    def _is_open(self, client_order_id: str) -> bool:
        order = self.orders.get(client_order_id)
        return order is not None and not order.status.is_terminal

    def _take(self, intent: OrderIntent) -> ExchangeOrder:
        self._check(intent)
        order = self._rest(intent)
        return self._trade(order, order.quantity, was_resting=False) if self._is_reached(order) else order

    def _check(self, intent: OrderIntent) -> None:
        """Refuse what the exchange would: too little balance, an open order's id, a wrong side of the price."""
        asset, amount = self._cost(self._resting(intent))
        if self.balances.get(asset, Decimal(0)) - self._locked().get(asset, Decimal(0)) < amount:
            raise Refused(-2010, "Account has insufficient balance for requested action.")
        if self._is_open(intent.client_order_id):
            raise Refused(-2010, "Duplicate order sent.")
        order = self._resting(intent)
        if intent.order_type is OrderType.LIMIT_MAKER and self._is_reached(order):
            raise Refused(-2010, "Order would immediately match and take.")
        if intent.order_type.is_algo and self._is_reached(order):
            raise Refused(-2010, "Order would trigger immediately.")

    def _is_reached(self, order: ExchangeOrder) -> bool:
        if order.order_type is OrderType.MARKET:
            return True
        rises = order.side is Side.SELL
        if order.order_type.is_algo:
            rises = (order.side is Side.SELL) == order.order_type.value.startswith("TAKE_PROFIT")
        level = order.stop_price if order.order_type.is_algo else order.price
        return self.price >= level if rises else self.price <= level

    def _cancel(self, cancel: CancelIntent) -> None:
        if not self._is_open(cancel.client_order_id):
            raise Refused(-2011, "Unknown order sent.")
        if cancel.only_untraded and self.orders[cancel.client_order_id].executed:
            raise Refused(-2011, "Order was not canceled due to cancel restrictions.")
        for name in self.lists.get(cancel.client_order_id, (cancel.client_order_id,)):
            self._end(name, OrderStatus.CANCELED)

    def _end(self, client_order_id: str, status: OrderStatus) -> None:
        if self._is_open(client_order_id):
            order = self.orders[client_order_id]
            self.orders[client_order_id] = replace(order, status=status, updated_at=self.time)

    def _rest(self, intent: OrderIntent) -> ExchangeOrder:
        self.orders[intent.client_order_id] = order = self._resting(intent)
        return order

    def _resting(self, intent: OrderIntent) -> ExchangeOrder:
        return ExchangeOrder(
            symbol=intent.symbol,
            client_order_id=intent.client_order_id,
            exchange_order_id=len(self.orders) + 1,
            side=intent.side,
            status=OrderStatus.OPEN,
            quantity=intent.quantity,
            executed=Decimal(0),
            quote_executed=Decimal(0),
            updated_at=self.time,
            order_type=intent.order_type,
            price=intent.price or Decimal(0),
            stop_price=intent.stop_price or Decimal(0),
        )

    def _trade(self, order: ExchangeOrder, quantity: Decimal, *, was_resting: bool) -> ExchangeOrder:
        """Execute `quantity` at the present price, a limit that rested at its own."""
        rests = was_resting and order.order_type in {OrderType.LIMIT, OrderType.LIMIT_MAKER}
        price = order.price if rests else self.price
        quote = quantity * price
        base, buys = order.symbol.removesuffix("USDT"), order.side is Side.BUY
        commission = quantity * FEE if buys else quote * FEE
        sign = 1 if buys else -1
        self.balances[base] = self.balances.get(base, Decimal(0)) + sign * quantity
        self.balances["USDT"] -= sign * quote
        self.balances[base if buys else "USDT"] -= commission
        fill = Fill(
            symbol=order.symbol,
            trade_id=1 + sum(len(known.fills) for known in self.orders.values()),
            exchange_order_id=order.exchange_order_id,
            side=order.side,
            price=price,
            quantity=quantity,
            quote_quantity=quote,
            commission=commission,
            commission_asset=base if buys else "USDT",
            traded_at=self.time,
            is_maker=rests,
        )
        executed = order.executed + quantity
        self.orders[order.client_order_id] = traded = replace(
            order,
            status=OrderStatus.FILLED if executed == order.quantity else OrderStatus.PARTIALLY_FILLED,
            executed=executed,
            quote_executed=order.quote_executed + quote,
            updated_at=self.time,
            fills=(*order.fills, fill),
        )
        return traded
