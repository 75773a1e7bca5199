"""The arguments that several tools take. Bounds stand in the schema, so that a client sees them."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from binance_trade_agent.domain.orders import Side

#: `Decimal` itself reads digits of every script, and `1_000`: a quantity must not look like another one.
_NUMBER = re.compile(r"[0-9.eE+-]{1,64}")


def _plain_number(value: object) -> object:
    if isinstance(value, str) and _NUMBER.fullmatch(value) is None:
        raise PydanticCustomError("plain_number", "Input should be a number in plain digits, such as 0.01")
    return value


def shown(text: str) -> str:
    """`text` as people may be shown it: what steers a terminal or turns writing round is a space."""
    return "".join(one if one.isprintable() else " " for one in text).strip()


def _said(text: str) -> str:
    if not (said := shown(text)):
        raise PydanticCustomError("blank", "Input should say why")
    return said


Symbol = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{5,20}$", description="Such as BTCUSDT")]
SymbolFilter = Annotated[
    str | None, Field(pattern=r"^[A-Za-z0-9]{5,20}$", description="Only this symbol, such as BTCUSDT")
]
Limit = Annotated[int, Field(strict=True, ge=1, le=200, description="How many, newest first")]
Quantity = Annotated[
    Decimal | None,
    Field(
        gt=0,
        lt=Decimal("1e15"),
        description="Of the base currency, best as text; without it the risk rules size the order",
    ),
    BeforeValidator(_plain_number),
]
OrderSide = Annotated[
    Side | None, Field(description="Without it the strategy decides, and HOLD means no order")
]
AskedSide = Annotated[Side, Field(description="What to do, whatever the strategy says")]
LimitPrice = Annotated[
    Decimal | None,
    Field(
        gt=0,
        lt=Decimal("1e15"),
        description="A BUY rests at this price, in quote currency",
    ),
    BeforeValidator(_plain_number),
]
LevelPrice = Annotated[
    Decimal | None,
    Field(gt=0, lt=Decimal("1e15"), description="A price in quote currency, best as text"),
    BeforeValidator(_plain_number),
]
TimeLimit = Annotated[
    int | None,
    Field(strict=True, ge=1, le=604_800, description="Seconds after which a resting entry is cancelled"),
]
IdempotencyKey = Annotated[
    str | None,
    Field(
        pattern=r"^[\x21-\x7e]{1,64}$",
        description="Your own text; the same again gives the first answer and does nothing",
    ),
]
Confirmation = Annotated[
    str | None,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="The code of a first answer that asks for it; all else unchanged",
    ),
]
ClientOrderId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{1,36}$", description="The order's client_order_id, see get_orders")
]
OrderReason = Annotated[str, Field(max_length=200, description="Why; shown and kept"), AfterValidator(shown)]
ActReason = Annotated[
    str, Field(min_length=1, max_length=200, description="Why; shown and kept"), AfterValidator(_said)
]


def upper(symbol: str) -> str:
    """The symbol as Binance writes it."""
    return symbol.upper()
