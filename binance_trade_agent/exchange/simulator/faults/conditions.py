"""Rules that need no request: what they change while they last, or do at once."""

from collections.abc import Iterable
from typing import Any, Protocol

from binance_trade_agent.exchange.settlement import FeeRule, charge_what_was_received
from binance_trade_agent.exchange.simulator.faults.fees import FeeInAsset
from binance_trade_agent.exchange.simulator.faults.kinds import Kind
from binance_trade_agent.exchange.simulator.faults.market import DistortedMarket
from binance_trade_agent.exchange.simulator.faults.parsing import BadRule
from binance_trade_agent.exchange.simulator.faults.rule import Rule, Spec
from binance_trade_agent.exchange.simulator.faults.visibility import Visibility
from binance_trade_agent.exchange.simulator.spot import SpotExchange


class UserStreams(Protocol):
    """The user data streams, as far as faults reach into them."""

    silent: bool
    duplicate: bool
    reorder: bool
    refuse_status: int | None

    def drop(self, close_code: int | None) -> None:
        """Close every connection with this code; None cuts them."""

    def terminate(self) -> None:
        """Send eventStreamTerminated and end every subscription."""

    def shutdown(self) -> None:
        """Send serverShutdown, then close every connection."""

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame as it is to every connection."""


class Conditions:
    """Brings the exchange into the state that the rules in force describe."""

    def __init__(
        self, exchange: SpotExchange, market: DistortedMarket, streams: UserStreams, visibility: Visibility
    ) -> None:
        self._exchange = exchange
        self._market = market
        self._streams = streams
        self._visibility = visibility

    def apply(self, rules: Iterable[Rule]) -> None:
        """Take over what lasts while its rule does; of several with one value the latest counts."""
        specs = [rule.spec for rule in rules]
        latest = {spec.kind: spec for spec in specs}
        self._market.shift_ms = sum(spec.shift_ms for spec in specs)
        self._market.changes = [spec.symbol for spec in specs if spec.symbol is not None]
        self._exchange.fee_rule = self._fee_rule(latest.get(Kind.FEE_ASSET))
        self._streams.silent = Kind.STREAM_SILENT in latest
        self._streams.duplicate = Kind.STREAM_DUPLICATE in latest
        self._streams.reorder = Kind.STREAM_REORDER in latest
        refusing = latest.get(Kind.STREAM_REFUSE)
        self._streams.refuse_status = refusing.status if refusing is not None else None

    def act(self, spec: Spec) -> None:
        """Do what a rule of a kind of `AT_ONCE` says."""
        match spec.kind:
            case Kind.WIPE:
                self._exchange.wipe()
                self._visibility.clear()
            case Kind.STREAM_DROP:
                self._streams.drop(spec.close_code)
            case Kind.STREAM_TERMINATE:
                self._streams.terminate()
            case Kind.STREAM_EVENT:
                self._streams.send(dict(spec.event))
            case Kind.SERVER_SHUTDOWN:
                self._streams.shutdown()

    def check(self, spec: Spec) -> None:
        """Raise `BadRule` for a rule about what this exchange does not have."""
        if spec.symbol is not None and spec.symbol.symbol not in self._market.symbols:
            raise BadRule(
                f"symbol must be one of {', '.join(self._market.symbols)}, not {spec.symbol.symbol}"
            )
        if spec.kind is Kind.FEE_ASSET and not FeeInAsset(self._market, spec.asset).has_price:
            raise BadRule(
                f"asset must have a price in one of {', '.join(self._market.symbols)}, not {spec.asset}"
            )

    def _fee_rule(self, spec: Spec | None) -> FeeRule:
        return charge_what_was_received if spec is None else FeeInAsset(self._market, spec.asset)
