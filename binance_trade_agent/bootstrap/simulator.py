"""Builds the simulated exchange from the settings."""

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.exchange.simulator.faults.parsing import BadRule, read_rules
from binance_trade_agent.exchange.simulator.faults.rule import Spec
from binance_trade_agent.exchange.simulator.market.base import Market
from binance_trade_agent.exchange.simulator.market.factory import MarketConfig, MarketKind, market_from
from binance_trade_agent.exchange.simulator.market.replay import ReplayMarket
from binance_trade_agent.exchange.simulator.server import PortInUse, SimulatorServer
from binance_trade_agent.exchange.simulator.spot import AccountSpec
from binance_trade_agent.settings import SIMULATOR_KEY_PAIR, Settings

#: Binance's host for public market data, which asks for no key.
PUBLIC_MARKET_DATA_URL = "https://data-api.binance.vision"

_ORIGIN_FILE = "simulator-market.json"


@dataclass(frozen=True, slots=True)
class MarketOrigin:
    """What makes a generated or replayed market the same one after a restart.

    `replayed` names the files, start and candle length of a replay; it is empty for other markets.
    """

    seed: int
    anchor_ms: int
    replayed: str = ""


async def start_simulator(settings: Settings) -> SimulatorServer:
    """A simulated exchange that listens.

    Raises:
        ConfigurationError: the settings of the market cannot work, or the port is taken.
        StorageError: its database cannot be used.
    """
    simulator = build_simulator(settings)
    try:
        await simulator.start()
    except PortInUse as error:
        raise ConfigurationError(
            f"SIMULATOR_PORT={settings.simulator_port}: another program listens there; set another port"
        ) from error
    return simulator


def build_simulator(settings: Settings) -> SimulatorServer:
    """A simulated exchange with its one account, continuing where an earlier one on this data folder stopped.

    Raises:
        ConfigurationError: the settings of the market or the file of fault rules cannot work.
        StorageError: its database cannot be used.
    """
    faults = _faults(settings.simulator_faults_file)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, secret = SIMULATOR_KEY_PAIR
    try:
        market = _market(settings)
    except ValueError as error:
        raise ConfigurationError(f"SIMULATOR_MARKET={settings.simulator_market}: {error}") from error
    try:
        return SimulatorServer(
            market,
            [AccountSpec(key, secret, settings.simulator_balances)],
            settings.data_dir / "simulator.db",
            settings.simulator_host,
            settings.simulator_port,
            faults=faults,
        )
    except BadRule as error:
        raise ConfigurationError(
            f"SIMULATOR_FAULTS_FILE={settings.simulator_faults_file}: {error}"
        ) from error


def market_config(settings: Settings) -> MarketConfig:
    """The market source that the settings describe, from its stored origin or a new one."""
    path = settings.data_dir / _ORIGIN_FILE
    origin = market_origin(path, settings.simulator_seed, _replayed(settings))
    return MarketConfig(
        kind=MarketKind(settings.simulator_market.value),
        symbols=settings.simulated_symbols,
        anchor_ms=origin.anchor_ms,
        seed=origin.seed,
        base_interval=settings.simulator_base_interval.value,
        files=settings.simulator_replay_files,
        start_offset=settings.simulator_replay_start,
        stepped=settings.simulator_stepped,
        relay_url=settings.simulator_relay_url or PUBLIC_MARKET_DATA_URL,
        relay_quote="" if settings.simulated_symbols else settings.quote,
        volatility=settings.simulator_volatility,
    )


def market_origin(path: Path, seed: int | None, replayed: str = "") -> MarketOrigin:
    """The stored origin, or a new one for another `seed` than the stored one or another replay."""
    if path.exists():
        stored = MarketOrigin(**json.loads(path.read_text(encoding="utf-8")))
        if seed in (None, stored.seed) and replayed == stored.replayed:
            return stored
    return _new_origin(path, secrets.randbelow(2**31) if seed is None else seed, replayed)


def _faults(path: Path | None) -> list[Spec]:
    try:
        return [] if path is None else read_rules(path)
    except (BadRule, OSError) as error:
        raise ConfigurationError(f"SIMULATOR_FAULTS_FILE={path}: {error}") from error


def _market(settings: Settings) -> Market:
    """The market source; a replay whose data has ended begins again, now, with the account as it is."""
    config = market_config(settings)
    market = market_from(config)
    if not (isinstance(market, ReplayMarket) and market.has_ended):
        return market
    del market  # its files are read again, and are not to be held twice
    origin = _new_origin(settings.data_dir / _ORIGIN_FILE, config.seed, _replayed(settings))
    return market_from(replace(config, anchor_ms=origin.anchor_ms))


def _replayed(settings: Settings) -> str:
    if settings.simulator_market.value != MarketKind.REPLAY:
        return ""
    files = sorted(f"{symbol}={path}" for symbol, path in settings.simulator_replay_files.items())
    return " ".join([*files, str(settings.simulator_replay_start), settings.simulator_base_interval.value])


def _new_origin(path: Path, seed: int, replayed: str) -> MarketOrigin:
    origin = MarketOrigin(seed, time.time_ns() // 1_000_000, replayed)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(asdict(origin)), encoding="utf-8")
    draft.replace(path)
    return origin
