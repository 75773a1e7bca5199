"""`token create`, `token list`, `token revoke`: who may use the MCP server, and for what."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import typer

from binance_trade_agent.bootstrap.desk import Desk, open_desk
from binance_trade_agent.bootstrap.launched_book import check_launched_book
from binance_trade_agent.bootstrap.tokens import TokenFile, token_file
from binance_trade_agent.domain.acts import ActKind, ActOutcome
from binance_trade_agent.domain.errors import ConfigurationError, StorageError, TradeAgentError
from binance_trade_agent.domain.grants import Caps, StoredToken, Tier
from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.interfaces.cli.output import age, print_json, table
from binance_trade_agent.interfaces.cli.session import CHANNEL, actor
from binance_trade_agent.settings import Settings, load_settings


def create(
    name: str,
    tier: str,
    limits: tuple[int | None, str | None, int | None],
    reason: str,
    as_json: bool,
) -> None:
    """Make a token and show it, this once. `limits` are orders a day, quote currency a day, and days it lasts."""
    orders_per_day, quote_per_day, days = limits
    with exit_statuses():
        caps, chosen = Caps(orders_per_day, _amount(quote_per_day)), _tier(tier)
        settings = load_settings()
        tokens = token_file(settings)
        named = {
            "token": name,
            "tier": chosen.scope,
            "orders_per_day": caps.orders_per_day,
            "quote_per_day": quote_per_day,
            "days": days,
        }
        given = {each: str(value) for each, value in named.items() if value is not None}
        with _recorded(settings, tokens, ActKind.CREATE_TOKEN, reason, given):
            text = tokens.create(name, chosen, caps, days)
    if as_json:
        print_json({"name": name, "tier": chosen.scope, "token": text})
        return
    typer.echo(text)
    typer.echo(
        f"This token of {name} ({chosen.scope}) is shown only now; a running server takes it at once.",
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


def revoke(name: str, reason: str, as_json: bool) -> None:
    """Close a token for good."""
    with exit_statuses():
        settings = load_settings()
        tokens = token_file(settings)
        with _recorded(settings, tokens, ActKind.REVOKE_TOKEN, reason, {"token": name}):
            revoked = tokens.revoke(name)
    if as_json:
        print_json(_row(revoked, datetime.now(tz=UTC)))
        return
    typer.echo(f"{name} is revoked; a running server refuses it from now on.")


@contextmanager
def _recorded(
    settings: Settings, tokens: TokenFile, kind: ActKind, reason: str, given: dict[str, str]
) -> Iterator[None]:
    """Keep an act on the token that is `given` in the audit; without a database it is done all the same, and said so."""
    before = _stands(tokens, given["token"])
    with ExitStack() as opened:
        try:
            check_launched_book(settings)
            desk = open_desk(settings)
            opened.callback(desk.close)
            key = desk.tokens.begin(
                kind, before, actor=actor(), channel=CHANNEL, reason=reason, details=given
            )
        except StorageError as error:
            yield
            _unrecorded(error)
            return
        try:
            yield
        except (TradeAgentError, OSError) as error:
            is_refused = isinstance(error, ConfigurationError)
            outcome = ActOutcome.REFUSED if is_refused else ActOutcome.FAILED
            _end(desk, key, outcome, str(error), before=before, after=before)
            raise
        _end(desk, key, ActOutcome.DONE, "", before=before, after=_stands(tokens, given["token"]))


def _end(desk: Desk, key: str, outcome: ActOutcome, answer: str, *, before: str, after: str) -> None:
    try:
        desk.tokens.end(key, outcome, answer, before=before, after=after)
    except StorageError as error:
        _unrecorded(error)


def _unrecorded(error: StorageError) -> None:
    typer.echo(f"Not recorded in the audit: {error}", err=True)


def _stands(tokens: TokenFile, name: str) -> str:
    """How the token of a name stands now, for the audit."""
    found = next((token for token in tokens.tokens() if token.grant.name == name), None)
    if found is None:
        return "none"
    if found.revoked_at is not None:
        return "revoked"
    return "in force" if found.end_text(datetime.now(tz=UTC)) is None else "expired"


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
