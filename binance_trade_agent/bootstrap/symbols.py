"""Which symbols a session trades where a rule selects them."""

from collections.abc import Sequence

from binance_trade_agent.domain.errors import ConfigurationError, Unavailable
from binance_trade_agent.domain.symbol_selection import Selection, SymbolRule, select
from binance_trade_agent.ports import Exchange


async def resolve_symbols(rule: SymbolRule, exclude: Sequence[str], exchange: Exchange) -> Selection:
    """What `rule` selects of what the exchange lists now (request weight 100).

    Raises:
        ExchangeError: the exchange cannot be asked, or is closed.
        ConfigurationError: nothing fits; how many symbols each condition kept out is said.
    """
    selection = select(rule, await exchange.listings(), exclude)
    if not selection.listed:
        # maintenance passes: a trader that ended for it would not come back
        raise Unavailable("no symbol is open for trading")
    if not selection.chosen:
        raise ConfigurationError(f"TRADING_SYMBOLS: {selection.text}")
    return selection
