"""Answers that are read off the objects they tell of, field by field."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from binance_trade_agent.domain.money import to_wire

_DIGITS = 8


def _exact(value: object) -> object:
    return to_wire(value) if isinstance(value, Decimal) else value


#: An exact decimal as text.
Exact = Annotated[str, BeforeValidator(_exact)]


def _rounded(value: object) -> object:
    return to_wire(round(value, _DIGITS)) if isinstance(value, Decimal) else value


#: A quotient as text; it has no exact value.
Ratio = Annotated[str, BeforeValidator(_rounded)]


class Plain(BaseModel):
    """Made with `model_validate` of an object that has the same names."""

    model_config = ConfigDict(from_attributes=True)
