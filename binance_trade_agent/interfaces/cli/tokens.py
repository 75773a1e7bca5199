"""`token create`, `token list`, `token revoke`: who may use the MCP server, and for what."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import typer

from binance_trade_agent.bootstrap.tokens import token_file
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.grants import Caps, StoredToken, Tier
from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.interfaces.cli.output import age, print_json, table
from binance_trade_agent.settings import load_settings


def create(
    name: str,
    tier: str,
    orders_per_day: int | None,
    quote_per_day: str | None,
    days: int | None,
    as_json: bool,
) -> None:
    """Make a token and show it, this once."""
    with exit_statuses():
        caps = Caps(orders_per_day, _amount(quote_per_day))
        text = token_file(load_settings()).create(name, _tier(tier), caps, days)
    if as_json:
        print_json({"name": name, "tier": tier.lower(), "token": text})
        return
    typer.echo(text)
    typer.echo(
        f"This token of {name} ({tier.lower()}) is shown only now; a running server takes it at once.",
        err=True,
    )


def show(as_json: bool) -> None:
    """All tokens, without their text."""
    with exit_statuses():
        tokens = token_file(load_settings()).tokens()
    now = datetime.now(tz=UTC)
    if as_json:
        print_json([_row(token, now) for token in tokens])
        return
    columns = ("name", "tier", "orders a day>", "quote a day>", "made?", "state")
    table(
        "Tokens of MCP clients",
        columns,
        [
            (
                token.grant.name,
                token.grant.tier.scope,
                token.grant.caps.orders_per_day,
                token.grant.caps.quote_per_day,
                f"{age(token.created_at, now)} ago",
                _state(token, now),
            )
            for token in tokens
        ],
    )


def revoke(name: str) -> None:
    """Close a token for good."""
    with exit_statuses():
        token_file(load_settings()).revoke(name)
    typer.echo(f"{name} is revoked; a running server refuses it from now on.")


def _tier(text: str) -> Tier:
    try:
        return Tier[text.upper()]
    except KeyError:
        raise ConfigurationError(f"--tier {text[:40]!r}: expected read, control or trade") from None


def _amount(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        raise ConfigurationError(f"--quote-per-day {text!r:.40}: expected a number") from None


def _row(token: StoredToken, now: datetime) -> dict[str, object]:
    return {
        "name": token.grant.name,
        "tier": token.grant.tier.scope,
        "orders_per_day": token.grant.caps.orders_per_day,
        "quote_per_day": token.grant.caps.quote_per_day,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "valid": token.end_text(now) is None,
    }


def _state(token: StoredToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is None:
        return "good"
    return "expired" if now >= token.expires_at else f"good until {token.expires_at:%Y-%m-%d}"
