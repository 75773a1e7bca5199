"""What the token of an agent allows: its tier, its caps, and until when."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum


class Tier(IntEnum):
    """What a token may do; each includes those below it."""

    READ = 1
    CONTROL = 2
    TRADE = 3

    @property
    def scope(self) -> str:
        """The tier's name in a token's scopes and a tool's `tier`."""
        return self.name.lower()

    @property
    def scopes(self) -> list[str]:
        """The scopes of a token of this tier: its own and those below."""
        return [tier.scope for tier in Tier if tier <= self]


@dataclass(frozen=True, slots=True)
class Caps:
    """What a token may do in one day (UTC): orders, and quote currency bought and sold. None is no cap."""

    orders_per_day: int | None = None
    quote_per_day: Decimal | None = None

    @property
    def is_any(self) -> bool:
        """Whether anything is capped."""
        return self.orders_per_day is not None or self.quote_per_day is not None


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a token stands for, its tier, and its caps."""

    name: str
    tier: Tier
    caps: Caps = Caps()


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token as it is kept: `digest` is the SHA-256 of its text in hexadecimal, the text itself is nowhere."""

    digest: str
    grant: Grant
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def end_text(self, now: datetime) -> str | None:
        """Why it opens nothing any more, as a sentence; None while it is good."""
        if self.revoked_at is not None:
            return f"the token {self.grant.name} was revoked at {_shown(self.revoked_at)}"
        if self.expires_at is not None and now >= self.expires_at:
            return f"the token {self.grant.name} expired at {_shown(self.expires_at)}"
        return None


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
