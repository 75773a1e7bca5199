"""Which symbols a session trades where a rule selects them."""

from collections.abc import Sequence
from dataclasses import replace

from binance_trade_agent.control.sessions import SessionKeeper, SessionRequest
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.symbol_selection import Selection, SymbolRule, select
from binance_trade_agent.ports import Exchange
from binance_trade_agent.settings import Settings


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


async def request_with_symbols(
    request: SessionRequest, settings: Settings, keeper: SessionKeeper, exchange: Exchange
) -> SessionRequest:
    """`request` with the symbols of the settings' rule, and in its plan, under `selection`, how they were selected.

    They are those of the session that it goes on with, or else what the rule selects now. A request of named
    symbols is returned as it is. Raises as `resolve_symbols` does, which an interrupted session does not need.
    """
    if settings.symbol_rule is None:
        return request
    before = keeper.selected_before(request)
    if before is not None:
        symbols, record = before.symbols, before.plan.get("selection", {})
    else:
        selection = await resolve_symbols(settings.symbol_rule, settings.trading_symbols_exclude, exchange)
        symbols, record = selection.symbols, {**selection.record(), "text": selection.text}
    return replace(request, symbols=symbols, plan={**request.plan, "selection": record})
