"""How counts, moments and spans of time read in a sentence."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 order`, `1,440 decisions`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def moment(at: datetime, now: datetime) -> str:
    """The time of day in UTC, with its date unless it is today's."""
    return f"{_stamp(at, now)} UTC"


def period(first: datetime, last: datetime, now: datetime) -> str:
    """Two moments, or one where they are the same second; with both dates where these differ."""
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    if first.date() != last.date():
        return f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"
    begin, end = _stamp(first, now), f"{last:%H:%M:%S}"
    return f"at {begin} UTC" if f"{first:%H:%M:%S}" == end else f"{begin} to {end} UTC"


def length(span: timedelta) -> str:
    """A span in its largest unit that leaves less than a tenth over: `24 h`, `90 min`, `45 s`."""
    seconds = max(0, round(span.total_seconds()))
    for size, unit in _UNITS:
        if seconds >= 2 * size and seconds % size * 10 < size:
            return f"{seconds // size} {unit}"
    if seconds >= 120:
        return f"{seconds // 60} min"
    return f"{seconds} s"


def percent(share: Decimal) -> str:
    """A share as a percentage; what is little but not nothing is not called 0."""
    points = share * 100
    if 0 < points < 1:
        return "<1 %"
    return f"{points:.0f} %"


def sentence(text: str) -> str:
    """`text` with a capital first letter and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _stamp(at: datetime, now: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at:%H:%M:%S}" if at.date() == now.astimezone(UTC).date() else f"{at:%Y-%m-%d %H:%M:%S}"
