"""The rules in force, in the order in which they were made."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from binance_trade_agent.exchange.simulator.faults.kinds import ANSWERS, AT_ONCE, EXECUTIONS, Kind
from binance_trade_agent.exchange.simulator.faults.rule import Rule, Seen, Spec


class Reactions(Protocol):
    """What happens to the exchange when rules come and go."""

    def check(self, spec: Spec) -> None:
        """Raise `BadRule` for a rule about what the exchange does not have."""

    def apply(self, rules: Iterable[Rule]) -> None:
        """Take over what lasts while its rule does."""

    def act(self, spec: Spec) -> None:
        """Do what a rule says once."""


class FaultBook:
    """Adds, finds and ends rules."""

    def __init__(self, reactions: Reactions) -> None:
        self._reactions = reactions
        self._rules: dict[int, Rule] = {}
        self._last_id = 0

    def add(self, specs: Sequence[Spec]) -> list[int]:
        """Put rules into force and return their ids; raises `BadRule`, and then none is."""
        for spec in specs:
            self._reactions.check(spec)
        added = []
        for spec in specs:
            self._last_id += 1
            added.append(Rule(self._last_id, spec))
        self._rules |= {rule.rule_id: rule for rule in added}
        self._reactions.apply(self._rules.values())
        for rule in added:
            if rule.spec.kind in AT_ONCE:
                self._reactions.act(rule.spec)
                rule.fired = 1
        return [rule.rule_id for rule in added]

    def remove(self, rule_id: int) -> bool:
        """End a rule and release what it holds; whether there was one."""
        rule = self._rules.pop(rule_id, None)
        if rule is None:
            return False
        rule.ended.set()
        self._reactions.apply(self._rules.values())
        return True

    def clear(self) -> None:
        """End all rules."""
        ended, self._rules = self._rules, {}
        for rule in ended.values():
            rule.ended.set()
        self._reactions.apply(())

    def views(self) -> list[dict[str, Any]]:
        """All rules and their counts."""
        return [rule.view() for rule in self._rules.values()]

    def answering(self, request: Seen) -> Rule | None:
        """The first rule that changes the answer to this request, fired; None is the usual case."""
        if not self._rules:
            return None
        return next((rule for rule in self._of(ANSWERS) if rule.meets(request)), None)

    def executing(self, request: Seen) -> list[Rule]:
        """The rules that change what becomes of this request's orders, fired."""
        if not self._rules:
            return []
        return [rule for rule in self._of(EXECUTIONS) if rule.meets(request)]

    def _of(self, kinds: frozenset[Kind]) -> list[Rule]:
        return [rule for rule in self._rules.values() if rule.spec.kind in kinds]
