"""Who calls: bearer tokens, and the tier of tools that each opens.

Tiers are cumulative: a token that trades may also control and read.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings


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
class Grant:
    """Whom a token stands for, and its tier."""

    name: str
    tier: Tier


class TokenTable:
    """Verifies bearer tokens. It keeps digests only, and compares with all of them in constant time."""

    def __init__(self, grants: Mapping[str, Grant]) -> None:
        self._grants = [(_digest(token), grant) for token, grant in grants.items()]

    async def verify_token(self, token: str) -> AccessToken | None:
        """The grant of `token` in the SDK's form, without the token itself; None for an unknown one."""
        digest, hit = _digest(token), None
        for known, grant in self._grants:
            if hmac.compare_digest(digest, known):
                hit = grant
        if hit is None:
            return None
        return AccessToken(token="redacted", client_id=hit.name, subject=hit.name, scopes=hit.tier.scopes)  # noqa: S106


def caller() -> Grant:
    """Who makes the current call. Without HTTP there is no token: the process's own user calls."""
    token = get_access_token()
    if token is None:
        return Grant("local", Tier.TRADE)
    return Grant(token.client_id, max(tier for tier in Tier if tier.scope in token.scopes))


def required_tier(meta: Mapping[str, object] | None) -> Tier:
    """The tier a tool asks for; one that does not say so asks for the highest."""
    name = (meta or {}).get("tier")
    return next((tier for tier in Tier if tier.scope == name), Tier.TRADE)


def transport_security(host: str, port: int, allowed_hosts: tuple[str, ...]) -> TransportSecuritySettings:
    """Host and Origin headers the server accepts: its own address, and `allowed_hosts` (host or host:port).

    Explicit even on 127.0.0.1: the SDK switches both checks off for any other address.
    """
    own = [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    if host not in ("0.0.0.0", "::"):
        own.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    hosts = own + [form for allowed in allowed_hosts for form in _forms(allowed)]
    return TransportSecuritySettings(
        allowed_hosts=hosts,
        allowed_origins=[f"{scheme}://{name}" for name in hosts for scheme in ("http", "https")],
    )


def _forms(allowed: str) -> list[str]:
    has_port = allowed.rpartition("]")[2].count(":") == 1
    return [allowed] if has_port else [allowed, f"{allowed}:*"]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
