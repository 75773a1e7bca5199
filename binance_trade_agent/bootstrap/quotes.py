"""Asks the exchange for a symbol's market, now, through the one adapter.

`python -m binance_trade_agent.bootstrap.quotes SYMBOL` does so and answers on stdout with one line of JSON: for
`launched_quotes`, so that a server that lives for weeks never loads the adapter.
"""

import asyncio
import sys

from pydantic import TypeAdapter

from binance_trade_agent.bootstrap.books import bring_up_to_date
from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.exchange import exchange_config
from binance_trade_agent.bootstrap.launched_quotes import QuoteAnswer, QuoteProblem
from binance_trade_agent.control.market import MarketNow, Source, market_now
from binance_trade_agent.domain.errors import ConfigurationError, TradeAgentError, Unavailable
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.settings import Settings, load_settings
from binance_trade_agent.storage.bans import SqlBans, SqlWeights
from binance_trade_agent.storage.database import open_database


async def ask_exchange(settings: Settings, symbol: str) -> MarketNow:
    """What the exchange says of `symbol` now (request weight 24).

    A ban in force and the minute's used weight are those of the trader: both are in the database.

    Raises:
        ExchangeError: it cannot be asked, or nobody bids or asks for the symbol.
        ConfigurationError: it does not know the symbol.
        StorageError: the database cannot be used.
    """
    bring_up_to_date(settings.database_url)
    database = open_database(settings.database_url)
    config, clock = exchange_config(settings), SystemClock()
    exchange = BinanceExchange(
        config, clock, SqlBans(database, config.rest_url), SqlWeights(database, config.rest_url)
    )
    try:
        await exchange.connect()
        rules = await exchange.rules((symbol,))
        books, day = await asyncio.gather(exchange.book_tops((symbol,)), exchange.day(symbol))
        if symbol not in books:
            raise Unavailable(f"nobody bids or asks for {symbol} now")
        return market_now(books[symbol], exchange.now(), day, rules[symbol], Source.EXCHANGE)
    finally:
        await exchange.close()
        database.close()


def main() -> None:
    """Answer for the symbol that is the only argument; problems are answers too."""
    try:
        answer = QuoteAnswer(market=asyncio.run(ask_exchange(load_settings(), sys.argv[1])))
    except TradeAgentError as error:
        kind = "configuration" if isinstance(error, ConfigurationError) else "unavailable"
        answer = QuoteAnswer(problem=QuoteProblem(kind, str(error)))
    sys.stdout.write(TypeAdapter(QuoteAnswer).dump_json(answer).decode() + "\n")


if __name__ == "__main__":
    main()
