"""Numbers as people read them. Nothing here is read back by a program."""

from decimal import Decimal
from typing import Any

ABSENT = "–"
_MINUS = "−"
#: Digits of a price below 1 that count.
_DIGITS = 5
#: Currencies whose usual amounts need satoshis; the others are shown in cents.
_FINE_CURRENCIES = frozenset({"BTC", "ETH", "BNB"})


def amount(value: Decimal | None, currency: str) -> str:
    """An amount of a quote currency: thousands separated, to cents (to satoshis for BTC, ETH and BNB)."""
    if value is None:
        return ABSENT
    text = f"{value:,.{_amount_places(currency)}f}"
    return text.lstrip("-") if _is_nothing(text) else text.replace("-", _MINUS)


def amount_format(currency: str) -> str:
    """How plotly writes the same amounts."""
    return f",.{_amount_places(currency)}f"


def signed_amount(value: Decimal | None, currency: str) -> str:
    """The same with its sign always shown."""
    text = amount(value, currency)
    return f"+{text}" if value is not None and value > 0 and not _is_nothing(text) else text


def percent(part: Decimal, whole: Decimal, *, signed: bool = False) -> str:
    """`part` of `whole` in percent with two places; a dash when `whole` is 0."""
    if not whole:
        return ABSENT
    value = part / whole * 100
    text = f"{value:.2f} %"
    if _is_nothing(text):
        return text.lstrip("-")
    sign = "+" if signed and value > 0 else ""
    return f"{sign}{text}".replace("-", _MINUS)


def price(value: Decimal | None) -> str:
    """A price with the digits its size calls for: five that count below 1, eight places at most."""
    return ABSENT if value is None else f"{value:,.{_places(value)}f}"


def exact_price(value: Decimal) -> str:
    """A price to its last digit, with the digits its size calls for at least: what is sent, not about it."""
    exact = -int(value.normalize().as_tuple().exponent)
    return f"{value:,.{max(_places(value), exact)}f}"


def price_difference(at: Decimal, from_here: Decimal) -> str:
    """How far a price is from another, signed, with the digits of prices of that size."""
    return f"{at - from_here:+,.{_places(from_here)}f}".replace("-", _MINUS)


def quantity(value: Decimal) -> str:
    """A quantity to its last digit, thousands separated."""
    return f"{value.normalize():,f}".replace("-", _MINUS)


def direction(value: Decimal | None, currency: str) -> str:
    """A style for gains and losses: `up`, `down`, or none for what is shown as 0; never the only sign of it."""
    if value is None or _is_nothing(amount(value, currency)):
        return ""
    return "up" if value > 0 else "down"


def attributes(**values: str) -> dict[str, Any]:
    """HTML attributes with a hyphen, which Python spells with an underscore: `aria_label`, `data_label`."""
    return {name.replace("_", "-"): value for name, value in values.items()}


def _amount_places(currency: str) -> int:
    return 8 if currency in _FINE_CURRENCIES else 2


def _is_nothing(text: str) -> bool:
    """Whether a number is 0 as it is shown."""
    return not any(digit in text for digit in "123456789")


def _places(value: Decimal) -> int:
    below_one = min(_DIGITS - 1 - value.adjusted(), 8) if value else 2
    return 2 if value >= 1000 else 4 if value >= 1 else below_one
