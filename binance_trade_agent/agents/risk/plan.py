"""Limits as text, so that a session's plan keeps them and its decisions can be taken again."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from binance_trade_agent.agents.risk.limits import RiskLimits
from binance_trade_agent.domain.money import to_wire

_MICROSECOND = timedelta(microseconds=1)
_DEFAULTS = RiskLimits()


def limits_plan(limits: RiskLimits) -> dict[str, str]:
    """Field name -> value as text, without loss; durations in seconds."""
    return {each.name: _text(getattr(limits, each.name)) for each in fields(limits)}


def limits_of_plan(plan: Mapping[str, str]) -> RiskLimits:
    """The limits that `limits_plan` wrote.

    Raises `ValueError` where a limit is missing, unknown or unreadable: the plan is of another version.
    """
    names = {each.name for each in fields(RiskLimits)}
    if names != plan.keys():
        odd = ", ".join(sorted(names ^ plan.keys()))
        raise ValueError(f"the plan's limits are not those of this version: {odd}")
    return RiskLimits(**{name: _value(name, text) for name, text in plan.items()})


def _text(value: object) -> str:
    if isinstance(value, timedelta):
        return to_wire(Decimal(value // _MICROSECOND).scaleb(-6))
    return value.value if isinstance(value, StrEnum) else str(value)


def _value(name: str, text: str) -> Any:
    kind = type(getattr(_DEFAULTS, name))
    try:
        if kind is timedelta:
            return int(Decimal(text).scaleb(6)) * _MICROSECOND
        return kind(text)
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"the plan's limit {name} is {text!r}") from error
