"""Which symbols a session trades where a rule selects them."""

from collections.abc import Sequence

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.symbol_selection import Selection, SymbolRule, select
from binance_trade_agent.ports import Exchange


async def resolve_symbols(rule: SymbolRule, exclude: Sequence[str], exchange: Exchange) -> Selection:
    """What `rule` selects of what the exchange lists now (request weight 100).

    Raises:
        ExchangeError: the exchange cannot be asked.
        ConfigurationError: nothing fits; how many symbols each condition kept out is said.
    """
    selection = select(rule, await exchange.listings(), exclude)
    if not selection.chosen:
        raise ConfigurationError(f"TRADING_SYMBOLS: {selection.text}")
    return selection
