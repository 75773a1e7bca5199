"""Symbols by a rule: how an operator writes one, and what it selects of what can be traded.

A rule reads `quote=USDT, top=20, max_spread_bps=10, min_volume=1000000`. It is applied once, when a
session begins, so that a session trades the same symbols from its first cycle to its last.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from binance_trade_agent.domain.market import Listing
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.symbol_names import QUOTE_CURRENCIES, is_symbol

#: The most symbols a rule may select.
MOST_SYMBOLS = 500

_PATTERN = re.compile(r"[A-Z0-9*?\[\]!-]{1,40}")


@dataclass(frozen=True, slots=True)
class SymbolRule:
    """The `top` symbols of `quote` by the volume of a day, of those within the limits; None is no limit.

    Prices and `min_volume` (of 24 hours) are in the quote currency, the spread in hundredths of a percent.
    """

    quote: str
    top: int
    max_spread_bps: Decimal | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    min_volume: Decimal | None = None

    def __str__(self) -> str:
        """The rule as an operator would write it; `parse` reads it back."""
        given = ((each.name, getattr(self, each.name)) for each in fields(self))
        return ", ".join(
            f"{name}={to_wire(value) if isinstance(value, Decimal) else value}"
            for name, value in given
            if value is not None
        )

    def objection(self, listing: Listing, exclude: Sequence[str]) -> str | None:
        """The name of the first condition that keeps `listing` out, None for a candidate."""
        spread = listing.spread_bps
        refused = {
            "quote": listing.quote != self.quote,
            "name": not is_symbol(listing.symbol),
            "exclude": is_excluded(listing.symbol, exclude),
            "no_price": listing.price <= 0,
            "min_price": self.min_price is not None and listing.price < self.min_price,
            "max_price": self.max_price is not None and listing.price > self.max_price,
            "min_volume": self.min_volume is not None and listing.quote_volume < self.min_volume,
            "max_spread_bps": self.max_spread_bps is not None
            and (spread is None or spread > self.max_spread_bps),
        }
        return next((name for name, is_refused in refused.items() if is_refused), None)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a rule selected, best first. `rejected`: condition -> how many symbols it kept out, `top` last."""

    rule: SymbolRule
    exclude: tuple[str, ...]
    listed: int
    chosen: tuple[Listing, ...]
    rejected: Mapping[str, int]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names of the selected symbols."""
        return tuple(listing.symbol for listing in self.chosen)

    @property
    def text(self) -> str:
        """One sentence for people."""
        kept_out = ", ".join(f"{name} {count}" for name, count in self.rejected.items())
        reasons = f"; kept out by {kept_out}" if kept_out else ""
        return f"{len(self.chosen)} of {self.listed} symbols that can be traded fit {self.rule}{reasons}"

    def record(self) -> dict[str, Any]:
        """The selection as JSON, with what each selected symbol was judged by; numbers are text."""
        return {
            "text": self.text,
            "rule": str(self.rule),
            "exclude": list(self.exclude),
            "listed": self.listed,
            "rejected": dict(self.rejected),
            "chosen": [
                {
                    "symbol": listing.symbol,
                    "price": to_wire(listing.price),
                    "quote_volume": to_wire(listing.quote_volume),
                    "spread_bps": None if listing.spread_bps is None else f"{listing.spread_bps:.4f}",
                }
                for listing in self.chosen
            ],
        }


def is_rule(text: str) -> bool:
    """Whether `text` is a rule rather than a list of symbols."""
    return "=" in text


def parse(text: str) -> SymbolRule:
    """The rule that `text` describes; raises `ValueError` with everything that is wrong with it."""
    pairs = [part.partition("=")[::2] for part in text.split(",") if part.strip()]
    given = {name.strip().lower(): value.strip() for name, value in pairs}
    known = [each.name for each in fields(SymbolRule)]
    problems = [_unknown(name, known) for name in given if name not in known]
    problems += [f"{name} is named twice" for name in _twice(name.strip().lower() for name, _ in pairs)]
    problems += [f"{name} is missing" for name in ("quote", "top") if name not in given]
    values: dict[str, Any] = {}
    for name in (name for name in known if name in given):
        try:
            values[name] = _READERS.get(name, _amount)(given[name])
        except ValueError as error:
            problems.append(f"{name}={given[name]}: {error}")
    low, high = values.get("min_price"), values.get("max_price")
    if low is not None and high is not None and low > high:
        problems.append(f"min_price={low} is above max_price={high}")
    if problems:
        raise ValueError("; ".join(problems))
    return SymbolRule(**values)


def checked_patterns(names: Iterable[str]) -> tuple[str, ...]:
    """Symbols and shell patterns in upper case, each once; raises `ValueError` for what can match no symbol."""
    patterns = tuple(dict.fromkeys(name.upper() for name in names))
    malformed = [pattern for pattern in patterns if not _PATTERN.fullmatch(pattern)]
    if malformed:
        raise ValueError(f"{', '.join(malformed)} is neither a symbol nor a pattern like *UPUSDT")
    return patterns


def is_excluded(symbol: str, exclude: Sequence[str]) -> bool:
    """Whether one of the symbols or shell patterns in `exclude` matches."""
    return any(fnmatchcase(symbol, pattern) for pattern in exclude)


def select(rule: SymbolRule, listings: Iterable[Listing], exclude: Sequence[str] = ()) -> Selection:
    """What `rule` selects: by volume, falling, and by name among equals, whatever the order of `listings`."""
    listed = tuple(listings)
    objections = [(listing, rule.objection(listing, exclude)) for listing in listed]
    fitting = [listing for listing, objection in objections if objection is None]
    ranked = sorted(fitting, key=lambda listing: (-listing.quote_volume, listing.symbol))
    rejected = dict(Counter(objection for _, objection in objections if objection is not None).most_common())
    if len(ranked) > rule.top:
        rejected["top"] = len(ranked) - rule.top
    return Selection(rule, tuple(exclude), len(listed), tuple(ranked[: rule.top]), rejected)


def _unknown(name: str, known: Sequence[str]) -> str:
    nearest = get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"known are {', '.join(known)}"
    return f"{name or 'an empty name'} is no condition; {hint}"


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _quote(text: str) -> str:
    quote = text.upper()
    if quote not in QUOTE_CURRENCIES:
        nearest = get_close_matches(quote, QUOTE_CURRENCIES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else f" ({', '.join(QUOTE_CURRENCIES)})"
        raise ValueError(f"it is no known quote currency{hint}")
    return quote


def _top(text: str) -> int:
    # a number of many digits is refused before it is read
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MOST_SYMBOLS:
        raise ValueError(f"it is no whole number from 1 to {MOST_SYMBOLS}")
    return int(text)


def _amount(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", text):
        raise ValueError("it is no number like 1000 or 0.5")
    return Decimal(text)


_READERS: Mapping[str, Callable[[str], Any]] = {"quote": _quote, "top": _top}
