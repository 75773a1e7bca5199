"""What a row of the fault table is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from proof.stage import PROTECTED, Stage

Play = Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: its number in the protocol facts, in words, and what is played and claimed.

    A slow one waits for window and grace, more than a minute of real time.
    """

    number: str
    fault: str
    play: Play
    slow: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


def protected(
    number: str, fault: str, play: Play, *, slow: bool = False, settings: Mapping[str, str] | None = None
) -> Row:
    """A row whose trader keeps an OCO at the exchange."""
    return Row(number, fault, play, slow, {**PROTECTED, **(settings or {})})
