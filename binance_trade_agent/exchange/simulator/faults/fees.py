"""Commissions in another asset than the one received."""

from decimal import Decimal

from binance_trade_agent.domain.money import EXACT
from binance_trade_agent.exchange.matching import cut
from binance_trade_agent.exchange.settlement import Fee
from binance_trade_agent.exchange.simulator.market.base import Market
from binance_trade_agent.exchange.simulator.market.rules import ASSET_USD, QUOTE_USD


class FeeInAsset:
    """A fee rule: the same worth of `asset`, cut to 8 decimals; the fee that is due where no price is known.

    Prices are the market's, or round ones of a well-known asset that it does not trade.
    """

    def __init__(self, market: Market, asset: str) -> None:
        self._market = market
        self._asset = asset

    @property
    def has_price(self) -> bool:
        """Whether the asset's price is known."""
        return self._asset in ASSET_USD or self._symbol(self._asset) is not None

    def __call__(self, due: Fee) -> Fee:
        """What is charged for a fee that is due; raises `MarketUnavailable`."""
        worth, price = self._usd(due.asset), self._usd(self._asset)
        if due.asset == self._asset or worth is None or price is None:
            return due
        return Fee(self._asset, cut(EXACT.divide(EXACT.multiply(due.amount, worth), price)))

    def _usd(self, asset: str) -> Decimal | None:
        symbol = self._symbol(asset)
        if symbol is None:
            return ASSET_USD.get(asset)
        return EXACT.multiply(self._market.last_price(symbol), QUOTE_USD[symbol.removeprefix(asset)])

    def _symbol(self, asset: str) -> str | None:
        return next(
            (f"{asset}{quote}" for quote in QUOTE_USD if f"{asset}{quote}" in self._market.symbols), None
        )
