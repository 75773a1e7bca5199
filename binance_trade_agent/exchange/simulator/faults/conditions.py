"""Rules that need no request: what they change while they last, or do at once."""

from collections.abc import Iterable

from binance_trade_agent.exchange.simulator.faults.market import DistortedMarket
from binance_trade_agent.exchange.simulator.faults.rule import Rule, Spec


class Conditions:
    """Brings the exchange into the state that the rules in force describe."""

    def __init__(self, market: DistortedMarket) -> None:
        self._market = market

    def apply(self, rules: Iterable[Rule]) -> None:
        """Take over what lasts while its rule does; of several with one value the latest counts."""
        specs = [rule.spec for rule in rules]
        self._market.shift_ms = sum(spec.shift_ms for spec in specs)
        self._market.changes = [spec.symbol for spec in specs if spec.symbol is not None]

    def act(self, spec: Spec) -> None:
        """Do what a rule of a kind of `AT_ONCE` says."""
