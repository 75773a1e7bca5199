"""Who calls: bearer tokens, and the tier of tools that each opens.

Tiers are cumulative: a token that trades may also control and read.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal

import structlog
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from binance_trade_agent.bootstrap.tokens import token_digest
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.grants import Caps, Grant, StoredToken, Tier
from binance_trade_agent.domain.money import to_wire

#: Who calls without HTTP, and why they may not any more; None while they may.
LocalCaller = Callable[[], tuple[Grant, str | None]]


def _local() -> tuple[Grant, str | None]:
    return Grant("local", Tier.TRADE), None


_LOCAL: ContextVar[LocalCaller] = ContextVar("local caller", default=_local)


def _none() -> tuple[StoredToken, ...]:
    return ()


def _now() -> datetime:
    return datetime.now(tz=UTC)


class TokenTable:
    """Verifies bearer tokens. It knows digests only, and compares with all of them in constant time.

    `fixed` tokens hold as long as the process; `stored` is asked at each call, so that a token counts
    from the moment it is made, and no longer once it is revoked.
    """

    def __init__(
        self,
        fixed: Mapping[str, Grant],
        stored: Callable[[], Sequence[StoredToken]] = _none,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._fixed = [(token_digest(token), grant) for token, grant in fixed.items()]
        self._stored = stored
        self._now = now

    async def verify_token(self, token: str) -> AccessToken | None:
        """The grant of `token` in the SDK's form, without the token itself; None for one that opens nothing."""
        grant, end = self.look_up(token)
        if grant is None or end is not None:
            return None
        return AccessToken(
            token="redacted",  # noqa: S106
            client_id=grant.name,
            subject=grant.name,
            scopes=grant.tier.scopes,
            claims=_claims(grant.caps),
        )

    def look_up(self, token: str) -> tuple[Grant | None, str | None]:
        """Whom `token` stands for, None for an unknown one; and why it opens nothing any more, None if it does."""
        digest, hit, end = token_digest(token), None, None
        for known, grant in self._fixed:
            if hmac.compare_digest(digest, known):
                hit = grant
        for stored in self._known():
            if hmac.compare_digest(digest, stored.digest):
                hit, end = stored.grant, stored.end_text(self._now())
        return hit, end

    def _known(self) -> Sequence[StoredToken]:
        try:
            return self._stored()
        except ConfigurationError as error:  # nobody is let in by a file that cannot be read
            structlog.get_logger("binance_agent").error("tokens unreadable", problem=str(error))
            return ()


class EndedTokens:
    """Tells whoever comes with an expired or a revoked token that it is one; all others pass to the SDK's check."""

    def __init__(self, app: ASGIApp, tokens: TokenTable) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        end = self._end(scope) if scope["type"] == "http" else None
        if end is None:
            await self._app(scope, receive, send)
            return
        text = f"{end}; ask the operator for another"
        answer = JSONResponse(
            {"error": "invalid_token", "error_description": text},
            status_code=401,
            headers={"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{text}"'},
        )
        await answer(scope, receive, send)

    def _end(self, scope: Scope) -> str | None:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        return self._tokens.look_up(token.strip())[1] if scheme.lower() == "bearer" else None


def stand_for(who: LocalCaller) -> None:
    """Let calls without a token be made by `who`, which is asked at each."""
    _LOCAL.set(who)


def caller() -> Grant:
    """Who makes the current call. Without HTTP there is no token: the process's own user calls."""
    token = get_access_token()
    if token is None:
        return _LOCAL.get()()[0]
    tier = max(tier for tier in Tier if tier.scope in token.scopes)
    return Grant(token.client_id, tier, _caps(token.claims or {}))


def caller_end() -> str | None:
    """Why the caller may do nothing any more; None while it may. With a token, HTTP has asked that already."""
    return _LOCAL.get()()[1] if get_access_token() is None else None


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


def _claims(caps: Caps) -> dict[str, object]:
    quote = caps.quote_per_day
    return {
        "orders_per_day": caps.orders_per_day,
        "quote_per_day": to_wire(quote) if quote is not None else None,
    }


def _caps(claims: Mapping[str, object]) -> Caps:
    orders, quote = claims.get("orders_per_day"), claims.get("quote_per_day")
    return Caps(
        orders if isinstance(orders, int) else None, Decimal(quote) if isinstance(quote, str) else None
    )
