"""The kinds of values that several settings take, each read from the text that an operator writes."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from binance_trade_agent.domain import operator_text as text
from binance_trade_agent.domain.symbol_names import checked_names, checked_symbols
from binance_trade_agent.domain.symbol_selection import SymbolRule, checked_patterns, is_rule, parse


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def symbols(value: Any) -> tuple[str, ...] | SymbolRule:
    """Named symbols or a rule; raises `ValueError` saying what is wrong."""
    if isinstance(value, str) and is_rule(value):
        return parse(value)
    return value if isinstance(value, SymbolRule) else checked_symbols(text.items(value))


def _names(value: Any) -> tuple[str, ...]:
    return checked_names(text.items(value))


def _patterns(value: Any) -> tuple[str, ...]:
    return checked_patterns(text.items(value))


LOWER, UPPER = BeforeValidator(_lower), BeforeValidator(_upper)
Port = Annotated[int, Field(ge=1, le=65535)]
HttpAddress = Annotated[str, BeforeValidator(text.http_address)]
WebSocketAddress = Annotated[str, BeforeValidator(text.websocket_address)]
Host = Annotated[str, BeforeValidator(text.host)]
IpAddress = Annotated[str, BeforeValidator(text.ip_address)]
Symbols = Annotated[tuple[str, ...] | SymbolRule, BeforeValidator(symbols)]
SymbolNames = Annotated[tuple[str, ...], BeforeValidator(_names)]
SymbolPatterns = Annotated[tuple[str, ...], BeforeValidator(_patterns)]
