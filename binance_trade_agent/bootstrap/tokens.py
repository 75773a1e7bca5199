"""The tokens of MCP clients that an operator made: kept as digests in DATA_DIR/secrets/mcp_tokens.json."""

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.grants import Caps, Grant, StoredToken, Tier
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.settings import Settings

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
#: Names that the server gives itself.
_RESERVED = frozenset({"operator", "local", "stdio"})
_PREFIX = "bta_"
_LONGEST_DAYS = 3650


def token_digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenFile:
    """The file of tokens. Its methods raise `ConfigurationError` when it can be neither read nor written."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self._stamp: tuple[int, int, int] | None = None
        self._known: tuple[StoredToken, ...] = ()

    def tokens(self) -> tuple[StoredToken, ...]:
        """All tokens, revoked and expired ones included; the file is read again only when it was replaced."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._known = None, ()
            return ()
        except OSError as error:
            raise _unusable(self._path, error) from error
        stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        if stamp != self._stamp:
            self._known, self._stamp = self._read(), stamp
        return self._known

    def create(self, name: str, tier: Tier, caps: Caps, days: int | None) -> str:
        """Make a token and return its text, which is not kept; a revoked or expired one of the name is replaced.

        Raises:
            ConfigurationError: the name is taken or no name, or the caps or days cannot be meant.
        """
        _check(name, tier, caps, days)
        text = _PREFIX + secrets.token_urlsafe(32)
        now = self._now()
        made = StoredToken(
            digest=token_digest(text),
            grant=Grant(name, tier, caps),
            created_at=now,
            expires_at=now + timedelta(days=days) if days is not None else None,
        )
        with self._locked():
            known = self.tokens()
            if any(token.grant.name == name and token.end_text(now) is None for token in known):
                raise ConfigurationError(
                    f"there is a token {name} already: revoke it first, or choose another name"
                )
            self._write((*(token for token in known if token.grant.name != name), made))
        return text

    def revoke(self, name: str) -> StoredToken:
        """Close a token for good; one that is revoked already stays as it is.

        Raises:
            ConfigurationError: there is none of the name.
        """
        with self._locked():
            known = self.tokens()
            found = next((token for token in known if token.grant.name == name), None)
            if found is None:
                raise ConfigurationError(
                    f"there is no token {name[:40]!r}: see `binance-trade-agent token list`"
                )
            if found.revoked_at is not None:
                return found
            revoked = replace(found, revoked_at=self._now())
            self._write([revoked if token is found else token for token in known])
        return revoked

    def _read(self) -> tuple[StoredToken, ...]:
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))["tokens"]
            return tuple(_token(row) for row in rows)
        except OSError as error:
            raise _unusable(self._path, error) from error
        except (ValueError, LookupError, TypeError, InvalidOperation) as error:
            raise ConfigurationError(
                f"{self._path} is no list of tokens: correct it, or delete it and make the tokens again"
            ) from error

    def _write(self, tokens: Sequence[StoredToken]) -> None:
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        text = json.dumps({"version": 1, "tokens": [_row(token) for token in tokens]}, indent=1)
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise _unusable(self._path, error) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two commands at once must not lose each other's token."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unusable(self._path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def token_file(settings: Settings) -> TokenFile:
    """The file of the data folder that `settings` name."""
    return TokenFile(settings.data_dir / "secrets" / "mcp_tokens.json", lambda: datetime.now(tz=UTC))


def _check(name: str, tier: Tier, caps: Caps, days: int | None) -> None:
    problems = []
    if _NAME.fullmatch(name) is None or name in _RESERVED:
        problems.append(
            f"token name {name[:40]!r}: expected up to 32 small letters, digits, - and _;"
            f" not {' or '.join(sorted(_RESERVED))}"
        )
    if caps.is_any and tier is not Tier.TRADE:
        problems.append(f"a token of the tier {tier.scope} places no orders: caps are for the tier trade")
    if caps.orders_per_day is not None and not 0 < caps.orders_per_day <= 1_000_000:
        problems.append(f"--orders-per-day {caps.orders_per_day}: expected 1 to 1000000")
    quote = caps.quote_per_day
    if quote is not None and not (quote.is_finite() and 0 < quote < Decimal("1e15")):
        problems.append(f"--quote-per-day {str(quote)[:40]}: expected a number above 0 and below 1e15")
    if days is not None and not 0 < days <= _LONGEST_DAYS:
        problems.append(f"--days {days}: expected 1 to {_LONGEST_DAYS}")
    if problems:
        raise ConfigurationError(*problems)


def _row(token: StoredToken) -> dict[str, Any]:
    caps = token.grant.caps
    return {
        "name": token.grant.name,
        "tier": token.grant.tier.scope,
        "sha256": token.digest,
        "orders_per_day": caps.orders_per_day,
        "quote_per_day": to_wire(caps.quote_per_day) if caps.quote_per_day is not None else None,
        "created_at": token.created_at.isoformat(),
        "expires_at": token.expires_at.isoformat() if token.expires_at else None,
        "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
    }


def _token(row: dict[str, Any]) -> StoredToken:
    orders, quote = row["orders_per_day"], row["quote_per_day"]
    caps = Caps(int(orders) if orders is not None else None, Decimal(quote) if quote is not None else None)
    return StoredToken(
        digest=bytes.fromhex(row["sha256"]).hex(),
        grant=Grant(str(row["name"]), Tier[str(row["tier"]).upper()], caps),
        created_at=_moment(row["created_at"]),
        expires_at=_moment(row["expires_at"]) if row["expires_at"] else None,
        revoked_at=_moment(row["revoked_at"]) if row["revoked_at"] else None,
    )


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return at


def _unusable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{path} can be neither read nor written: {error.strerror}")
