"""One way to a market source, from plain settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from binance_trade_agent.exchange.simulator.market.base import Market
from binance_trade_agent.exchange.simulator.market.clock import Clock, WallClock
from binance_trade_agent.exchange.simulator.market.generated import (
    DEFAULT_VOLATILITY,
    GeneratedMarket,
    SteppedGeneratedMarket,
)
from binance_trade_agent.exchange.simulator.market.relay import RelayMarket
from binance_trade_agent.exchange.simulator.market.replay import ReplayMarket, SteppedReplayMarket


class MarketKind(StrEnum):
    """Where prices come from."""

    GENERATED = "generated"
    REPLAY = "replay"
    RELAY = "relay"


@dataclass(frozen=True, slots=True)
class MarketConfig:
    """What a market source is made from; fields a kind does not need are ignored.

    `anchor_ms` is when the market began; keep it (with the seed) to continue the same market
    after a restart. `files` maps each replayed symbol to its candle file; `start_offset`
    is where a replay begins, see `ReplayMarket`. `volatility` is the standard deviation
    of a generated one-minute return. `stepped` makes time virtual. With `relay_quote` every symbol
    of that quote currency is relayed, and `symbols` may be empty.
    """

    kind: MarketKind
    symbols: tuple[str, ...]
    anchor_ms: int
    seed: int = 1
    base_interval: str = "1s"
    files: Mapping[str, Path] = field(default_factory=dict)
    start_offset: int | datetime | None = None
    stepped: bool = False
    relay_url: str = ""
    relay_quote: str = ""
    volatility: Decimal = DEFAULT_VOLATILITY


def market_from(config: MarketConfig, clock: Clock | None = None) -> Market:
    """The market source of `config`, on the wall clock unless another is given.

    With `stepped` it also is a `Stepped`. Raises `ValueError` for settings that cannot be.
    """
    wall = clock or WallClock()
    if config.kind is MarketKind.GENERATED:
        return _generated(config, wall)
    if config.kind is MarketKind.REPLAY:
        return _replay(config, wall)
    return _relay(config, wall)


def _generated(config: MarketConfig, clock: Clock) -> Market:
    if config.stepped:
        return SteppedGeneratedMarket(
            config.symbols,
            seed=config.seed,
            anchor_ms=config.anchor_ms,
            base_interval=config.base_interval,
            volatility=config.volatility,
        )
    return GeneratedMarket(
        config.symbols,
        seed=config.seed,
        anchor_ms=config.anchor_ms,
        clock=clock,
        base_interval=config.base_interval,
        volatility=config.volatility,
    )


def _replay(config: MarketConfig, clock: Clock) -> Market:
    missing = [symbol for symbol in config.symbols if symbol not in config.files]
    if missing:
        raise ValueError(f"no candle file for {', '.join(missing)}")
    files = {symbol: config.files[symbol] for symbol in config.symbols}
    if config.stepped:
        return SteppedReplayMarket(
            files,
            anchor_ms=config.anchor_ms,
            base_interval=config.base_interval,
            start_offset=config.start_offset,
        )
    return ReplayMarket(
        files,
        anchor_ms=config.anchor_ms,
        clock=clock,
        base_interval=config.base_interval,
        start_offset=config.start_offset,
    )


def _relay(config: MarketConfig, clock: Clock) -> Market:
    if config.stepped:
        raise ValueError("a relayed market runs in real time, it cannot be stepped")
    if not config.relay_url:
        raise ValueError("a relayed market needs the address it relays")
    return RelayMarket(
        config.symbols,
        base_url=config.relay_url,
        clock=clock,
        base_interval=config.base_interval,
        quote=config.relay_quote,
    )
