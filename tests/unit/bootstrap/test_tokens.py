"""The file of tokens: digests only, whole at every moment, noticed when it changes."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.tokens import TokenFile, token_digest
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.grants import Caps, Grant, Tier

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def file_at(folder: Path, now: datetime = NOW) -> TokenFile:
    return TokenFile(folder / "secrets" / "mcp_tokens.json", lambda: now)


def test_a_token_is_kept_as_a_digest_with_all_it_allows(tmp_path: Path) -> None:
    caps = Caps(20, Decimal("500.5"))
    text = file_at(tmp_path).create("claude", Tier.TRADE, caps, 30)

    path = tmp_path / "secrets" / "mcp_tokens.json"
    (kept,) = file_at(tmp_path).tokens()
    assert text.startswith("bta_")
    assert text not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept.digest == token_digest(text)
    assert kept.grant == Grant("claude", Tier.TRADE, caps)
    assert (kept.created_at, kept.expires_at) == (NOW, NOW + timedelta(days=30))
    assert [found.name for found in path.parent.iterdir() if found.suffix != ".lock"] == [path.name]


def test_another_process_sees_what_is_made_and_revoked(tmp_path: Path) -> None:
    server = file_at(tmp_path)
    assert server.tokens() == ()

    file_at(tmp_path).create("claude", Tier.READ, Caps(), None)
    assert [token.grant.name for token in server.tokens()] == ["claude"]
    assert server.tokens()[0].end_text(NOW) is None

    file_at(tmp_path).revoke("claude")
    assert server.tokens()[0].end_text(NOW) == "the token claude was revoked at 2026-05-04 09:30 UTC"
    file_at(tmp_path, NOW + timedelta(days=1)).revoke("claude")
    assert server.tokens()[0].revoked_at == NOW


def test_a_token_expires_and_its_name_can_be_used_again(tmp_path: Path) -> None:
    first = file_at(tmp_path).create("claude", Tier.READ, Caps(), 1)
    with pytest.raises(ConfigurationError, match="there is a token claude already"):
        file_at(tmp_path).create("claude", Tier.READ, Caps(), 1)

    later = NOW + timedelta(days=1)
    assert file_at(tmp_path).tokens()[0].end_text(later) == "the token claude expired at 2026-05-05 09:30 UTC"
    second = file_at(tmp_path, later).create("claude", Tier.CONTROL, Caps(), None)
    (kept,) = file_at(tmp_path).tokens()
    assert kept.digest == token_digest(second) != token_digest(first)


def test_tokens_made_at_once_are_all_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: file_at(tmp_path).create(f"a{n}", Tier.READ, Caps(), None), range(24)))

    assert {token.grant.name for token in file_at(tmp_path).tokens()} == {f"a{n}" for n in range(24)}


@pytest.mark.parametrize(
    ("name", "tier", "caps", "days", "problem"),
    [
        ("Operator", Tier.READ, Caps(), None, "token name"),
        ("operator", Tier.READ, Caps(), None, "token name"),
        ("local", Tier.READ, Caps(), None, "token name"),
        ("stdio", Tier.READ, Caps(), None, "token name"),
        ("a" * 33, Tier.READ, Caps(), None, "token name"),
        ("a\nb", Tier.READ, Caps(), None, "token name"),
        ("a", Tier.CONTROL, Caps(orders_per_day=1), None, "places no orders"),
        ("a", Tier.TRADE, Caps(orders_per_day=0), None, "--orders-per-day"),
        ("a", Tier.TRADE, Caps(quote_per_day=Decimal("NaN")), None, "--quote-per-day"),
        ("a", Tier.TRADE, Caps(quote_per_day=Decimal(-1)), None, "--quote-per-day"),
        ("a", Tier.READ, Caps(), 0, "--days"),
        ("a", Tier.READ, Caps(), 10**9, "--days"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, name: str, tier: Tier, caps: Caps, days: int | None, problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        file_at(tmp_path).create(name, tier, caps, days)
    assert file_at(tmp_path).tokens() == ()


def test_an_unknown_name_cannot_be_revoked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no token 'nobody'"):
        file_at(tmp_path).revoke("nobody")


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"tokens": [{"name": "a"}]}', '{"tokens": [3]}', "\x00", '{"tokens": null}'],
)
def test_a_file_that_is_no_list_of_tokens_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets" / "mcp_tokens.json"
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(ConfigurationError, match="is no list of tokens"):
        file_at(tmp_path).tokens()


def test_a_tier_nobody_knows_opens_nothing(tmp_path: Path) -> None:
    file_at(tmp_path).create("a", Tier.READ, Caps(), None)
    path = tmp_path / "secrets" / "mcp_tokens.json"
    stored = json.loads(path.read_text())
    stored["tokens"][0]["tier"] = "admin"
    path.write_text(json.dumps(stored))

    with pytest.raises(ConfigurationError, match="is no list of tokens"):
        file_at(tmp_path).tokens()
