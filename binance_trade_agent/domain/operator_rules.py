"""Rules between settings. Each function yields a sentence a broken rule, naming the settings by their variables."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from urllib.parse import urlsplit

from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.modes import SimulatorMarket, TradingMode
from binance_trade_agent.domain.symbol_selection import is_excluded

LIVE_ACKNOWLEDGEMENT = "I-understand-real-money-is-at-risk"

_KEYS = ("BINANCE_API_KEY", "BINANCE_API_SECRET")
_KEYED_MODES = (TradingMode.TESTNET, TradingMode.DEMO, TradingMode.LIVE)
_LIVE_HOST = re.compile(r"(api\d?|api-gcp|ws-api)\.binance\.(com|us)")


def mode_rules(
    mode: TradingMode, given: Collection[str], acknowledgement: str, test_mode: bool
) -> Iterator[str]:
    """What a mode needs. `given` are the names of the settings that were set."""
    missing = [name for name in _KEYS if name not in given]
    if mode in _KEYED_MODES and missing:
        yield f"TRADING_MODE={mode} needs {' and '.join(missing)}"
    elif len(missing) == 1 and "TRADING_MODE" not in given:
        yield f"{missing[0]} is missing: set both {' and '.join(_KEYS)}, or TRADING_MODE"
    if mode is TradingMode.LIVE and acknowledgement != LIVE_ACKNOWLEDGEMENT:
        yield f"TRADING_MODE=live needs LIVE_TRADING_ACK={LIVE_ACKNOWLEDGEMENT}"
    if mode is TradingMode.LIVE and test_mode:
        yield "SIGNAL_AGENT_TEST_MODE=true is refused with TRADING_MODE=live"


def address_rules(mode: TradingMode, addresses: Mapping[str, str | None]) -> Iterator[str]:
    """Only live mode may be pointed at the exchange where real money is."""
    for name, address in addresses.items():
        host = (urlsplit(address or "").hostname or "").rstrip(".")
        if mode is not TradingMode.LIVE and _LIVE_HOST.fullmatch(host):
            yield f"{name} points at live trading ({host}), which TRADING_MODE={mode} must not reach"


def symbol_rules(symbols: Collection[str], exclude: Sequence[str]) -> Iterator[str]:
    """What is named must not be excluded. `symbols` is empty where a rule selects them."""
    excluded = [symbol for symbol in symbols if is_excluded(symbol, exclude)]
    if excluded:
        yield f"TRADING_SYMBOLS names {', '.join(excluded)}, which TRADING_SYMBOLS_EXCLUDE excludes"


def strategy_symbol_rules(
    named: Collection[str], symbols: Collection[str], held: Collection[str]
) -> Iterator[str]:
    """What has a strategy of its own must be traded, or `held`: it is still sold by it. No rule selects `symbols`."""
    missing = [symbol for symbol in named if symbol not in symbols and symbol not in held]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        yield f"STRATEGY_BY_SYMBOL: {', '.join(missing)} {verb} not among TRADING_SYMBOLS"


def simulated_symbol_rules(symbols: Collection[str], simulated: Collection[str]) -> Iterator[str]:
    """What is named must exist on the simulator."""
    missing = [symbol for symbol in symbols if symbol not in simulated]
    if missing:
        yield f"SIMULATOR_SYMBOLS lacks {', '.join(missing)} of TRADING_SYMBOLS"


def simulator_rules(
    market: SimulatorMarket,
    base: CandleInterval,
    candle: CandleInterval,
    symbols: Collection[str],
    replayed: Collection[str],
) -> Iterator[str]:
    """What the simulator's market needs. `symbols` are those it offers, `replayed` those that have a file."""
    if market is not SimulatorMarket.RELAY and candle.duration % base.duration:
        yield f"CANDLE_INTERVAL={candle} is no multiple of SIMULATOR_BASE_INTERVAL={base}"
    missing = [symbol for symbol in symbols if symbol not in replayed]
    if market is SimulatorMarket.REPLAY and (missing or not replayed):
        yield f"SIMULATOR_MARKET=replay needs SIMULATOR_REPLAY_FILES for {', '.join(missing) or 'its symbols'}"


def folder_rules(data_dir: str, is_database_there: bool) -> Iterator[str]:
    """In the address of a database a question mark ends the path."""
    if is_database_there and "?" in data_dir:
        yield f"DATA_DIR={data_dir} has a question mark, which no database can have in its path"


def port_rules(ports: Mapping[str, int]) -> Iterator[str]:
    """Each service needs its own port; 0 is none."""
    for first, second in combinations(ports, 2):
        if ports[first] == ports[second] != 0:
            yield f"{first} and {second} are both {ports[first]}: each service needs its own port"
