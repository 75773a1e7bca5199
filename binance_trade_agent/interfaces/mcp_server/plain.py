"""Answers that are read off the objects they tell of, field by field."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from binance_trade_agent.domain.money import to_wire


def _exact(value: object) -> object:
    return to_wire(value) if isinstance(value, Decimal) else value


#: An exact decimal as text.
Exact = Annotated[str, BeforeValidator(_exact)]


class Plain(BaseModel):
    """Made with `model_validate` of an object that has the same names."""

    model_config = ConfigDict(from_attributes=True)
