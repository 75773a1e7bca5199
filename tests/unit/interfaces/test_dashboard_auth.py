"""The dashboard's door: nothing without a session, for every route and method."""

import json
import os
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from binance_trade_agent.bootstrap.sign_in_link import LIFE_S, SignInLink
from binance_trade_agent.bootstrap.signed_out import SignedOut
from binance_trade_agent.interfaces.dashboard.access import COOKIE, IDLE, LONGEST, Guard
from binance_trade_agent.interfaces.dashboard.app import build_app
from binance_trade_agent.interfaces.dashboard.passwords import LoginThrottle
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.settings import load_settings
from tests.fakes import FakeClock, FakeDesk, fake_desk

PASSWORD = "correct horse battery"
OPEN_ASSETS = {"1-theme.css", "2-parts.css", "3-shell.css", "theme.js", "login.js", "icon.svg"}


class Door:
    """A dashboard's client, with the desk and the clock behind it."""

    def __init__(
        self,
        password: str = PASSWORD,
        key: bytes = b"k" * 32,
        links: set[str] | None = None,
        ended: SignedOut | None = None,
        tls_origin: str | None = None,
    ) -> None:
        self.desk: FakeDesk = fake_desk()
        self.clock = FakeClock()
        self.links = links if links is not None else set()
        guard = Guard(
            password,
            key,
            LoginThrottle(self.clock.monotonic),
            redeem=self.redeem,
            ended=ended,
            hosts=("trader.example",),
            is_behind_tls=tls_origin is not None,
            tls_origin=tls_origin,
            now=lambda: self.clock.now().timestamp(),
        )
        self.app = build_app(DeskDoor(lambda: self.desk), guard, mode="simulated", mode_note="")
        self.client: FlaskClient = self.app.server.test_client()

    def redeem(self, token: str) -> bool:
        known = token in self.links
        self.links.discard(token)
        return known

    def sign_in(self) -> int:
        return self.client.post("/login", data={"password": PASSWORD}).status_code

    @property
    def is_open(self) -> bool:
        return self.client.get("/_dash-layout").status_code == 200


@pytest.fixture
def door() -> Door:
    return Door()


def routes(door: Door) -> list[tuple[str, str]]:
    """Every (path, method) the server knows, with something in place of the variables."""
    return [
        (re.sub(r"<[^>]+>", "x", rule.rule), method)
        for rule in door.app.server.url_map.iter_rules()
        for method in sorted(rule.methods or ())
    ]


def test_without_a_session_every_route_is_refused_but_health_and_login(door: Door) -> None:
    tried = 0
    for path, method in routes(door):
        answer = door.client.open(path, method=method)
        if path in ("/health", "/login"):
            continue
        expected = 303 if (path, method) == ("/", "GET") else 401
        assert answer.status_code == expected, (path, method)
        tried += 1
    assert tried > 15
    assert {path for path, _ in routes(door)} >= {"/live", "/acts/ask", "/acts/do", "/export/x.csv"}
    assert door.client.get("/").headers["Location"] == "/login"
    assert door.client.get("/no-such-page").status_code == 401


def test_of_the_assets_only_those_of_the_login_page_are_open(door: Door) -> None:
    opened = set()
    for path in Path(door.app.config.assets_folder).iterdir():
        with door.client.get(f"/assets/{path.name}") as answer:
            if answer.status_code == 200:
                opened.add(path.name)
    assert opened == OPEN_ASSETS


def test_a_malformed_callback_without_a_session_is_refused_not_an_error(door: Door) -> None:
    assert door.client.post("/_dash-update-component", data=b"{").status_code == 401


def test_the_right_password_opens_and_sign_out_closes_also_for_a_copied_cookie(door: Door) -> None:
    signed_in = door.client.post("/login", data={"password": PASSWORD})
    header = signed_in.headers["Set-Cookie"]

    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/")
    assert "HttpOnly" in header
    assert "SameSite=Strict" in header
    assert door.client.get("/").status_code == 200
    assert door.is_open
    cookie = door.client.get_cookie("trade_agent_session")
    assert cookie is not None

    door.client.get("/logout")
    assert door.is_open, "a link signs nobody out"
    door.client.post("/logout")
    assert not door.is_open
    door.client.set_cookie("trade_agent_session", cookie.value)
    assert not door.is_open


def test_a_link_opens_once_and_to_look_at_it_spends_nothing() -> None:
    door = Door(links={"abc"})
    for _ in range(2):
        assert 'value="abc"' in door.client.get("/login", query_string={"token": "abc"}).text
    assert not door.is_open

    assert door.client.post("/login", data={"token": "abc"}).status_code == 303
    assert door.is_open
    again = Door(links=door.links)
    assert again.client.post("/login", data={"token": "abc"}).status_code == 401


TLS = "https://trader.example"


@pytest.mark.parametrize("form", [{"token": "abc"}, {"password": PASSWORD}])
def test_without_tls_it_says_where_to_sign_in_and_spends_nothing(form: dict[str, str]) -> None:
    door = Door(links={"abc"}, tls_origin=TLS)
    plain = {"Host": "trader.example", "Origin": "http://trader.example"}
    refused = door.client.post("/login", data=form, headers=plain)
    assert refused.status_code == 421
    assert f'href="{TLS}/login' in refused.text
    assert "Set-Cookie" not in refused.headers
    over_tls = {"Host": "trader.example", "Origin": TLS}
    taken = door.client.post("/login", data=form, headers=over_tls)
    assert taken.status_code == 303
    assert "Secure" in taken.headers["Set-Cookie"]


def test_a_link_that_is_opened_on_this_machine_leads_to_the_proxy_and_is_not_spent_by_itself() -> None:
    door = Door(links={"abc"}, tls_origin=TLS)
    opened = door.client.get("/login?token=abc", headers={"Host": "127.0.0.1:8050"}).text
    assert f'href="{TLS}/login?token=abc"' in opened
    assert "data-auto-submit" not in opened
    assert f'href="{TLS}/login"' in door.client.get("/login", headers={"Host": "127.0.0.1:8050"}).text

    by_proxy = door.client.get("/login?token=abc", headers={"Host": "trader.example"}).text
    assert "data-auto-submit" in by_proxy
    assert TLS not in by_proxy
    # most browsers keep a Secure cookie of the machine itself
    local = {"Host": "127.0.0.1:8050", "Origin": "http://127.0.0.1:8050"}
    assert door.client.post("/login", data={"token": "abc"}, headers=local).status_code == 303


def test_what_stands_in_a_link_is_text(door: Door) -> None:
    page = door.client.get("/login", query_string={"token": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page


def test_a_drawn_link_is_redeemed_once_while_it_is_young(tmp_path: Path) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path)}, tmp_path)
    link = SignInLink(settings)
    assert not link.redeem("")
    old, token = link.draw(), link.draw()

    assert token not in link.path.read_text()
    assert link.path.stat().st_mode & 0o777 == 0o600
    assert [link.redeem(each) for each in (old, token + "x", token, token)] == [False, False, True, False]

    late = link.draw()
    begun = link.path.stat().st_mtime - LIFE_S - 1
    os.utime(link.path, (begun, begun))
    assert not link.redeem(late)


def test_a_link_drawn_while_the_one_before_is_being_redeemed_stays_good(tmp_path: Path) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path)}, tmp_path)
    drawn: list[str] = []

    def now() -> float:
        if not drawn:
            drawn.append(SignInLink(settings).draw())
        return time.time()

    old = SignInLink(settings).draw()
    # the clock is asked between reading the link and taking it away
    assert not SignInLink(settings, now).redeem(old)
    assert SignInLink(settings).redeem(drawn[0])
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == []


@pytest.mark.parametrize("wrong", ["", "correct horse", PASSWORD + " ", "é" * 40, "\ud800", "x" * 100_000])
def test_a_wrong_password_opens_nothing(door: Door, wrong: str) -> None:
    given = wrong.encode("utf-8", "surrogatepass")
    assert door.client.post("/login", data={"password": given}).status_code == 401
    assert not door.is_open


def test_a_body_that_no_form_has_is_not_read(door: Door) -> None:
    assert door.client.post("/login", data={"password": "x" * 1_000_001}).status_code == 413


def test_after_five_wrong_passwords_even_the_right_one_waits_a_minute(door: Door) -> None:
    for _ in range(5):
        door.client.post("/login", data={"password": "guess"})

    assert door.sign_in() == 429
    elsewhere = door.client.post(
        "/login", data={"password": PASSWORD}, environ_overrides={"REMOTE_ADDR": "10.0.0.9"}
    )
    assert elsewhere.status_code == 303, "the wrong ones of one address hold nobody else up"
    door.client.post("/logout")
    door.clock.advance(61)
    assert door.sign_in() == 303


def test_wrong_passwords_of_many_addresses_hold_everybody_up(door: Door) -> None:
    throttle = LoginThrottle(door.clock.monotonic)
    for number in range(30):
        assert throttle.begin(f"10.0.0.{number}") == 0
    assert throttle.begin("10.0.1.1") == 60
    door.clock.advance(60)
    assert throttle.begin("10.0.1.1") == 0


def sign_in_from(door: Door, address: str, **form: str) -> int:
    client: FlaskClient = door.app.server.test_client()
    return client.post("/login", data=form, environ_overrides={"REMOTE_ADDR": address}).status_code


def guess_from_everywhere(door: Door) -> None:
    for number in range(30):
        assert sign_in_from(door, f"10.0.0.{number}", password="guess") == 401
    assert sign_in_from(door, "10.0.1.1", password=PASSWORD) == 429


@pytest.mark.parametrize("signed_in_by", ["password", "token"])
def test_strangers_hold_nobody_up_who_signed_in_from_there_before(signed_in_by: str) -> None:
    door = Door(links={PASSWORD})
    assert sign_in_from(door, "192.0.2.7", **{signed_in_by: PASSWORD}) == 303
    door.clock.advance(LONGEST.total_seconds() - 1)
    guess_from_everywhere(door)
    assert sign_in_from(door, "192.0.2.7", password=PASSWORD) == 303
    for _ in range(5):
        assert sign_in_from(door, "192.0.2.7", password="guess") == 401
    assert sign_in_from(door, "192.0.2.7", password=PASSWORD) == 429, "its own limit holds"


def test_where_somebody_signed_in_is_forgotten_when_a_session_would_have_ended(door: Door) -> None:
    assert sign_in_from(door, "192.0.2.7", password=PASSWORD) == 303
    door.clock.advance(LONGEST.total_seconds())
    guess_from_everywhere(door)
    assert sign_in_from(door, "192.0.2.7", password=PASSWORD) == 429


def test_attempts_from_where_somebody_signed_in_do_not_count_for_the_others(door: Door) -> None:
    throttle = LoginThrottle(door.clock.monotonic)
    throttle.remember("192.0.2.7", 3600)
    assert [throttle.begin("192.0.2.7") for _ in range(5)] == [0] * 5
    throttle.take_back("192.0.2.7")
    assert [throttle.begin(f"10.0.0.{number}") for number in range(31)] == [0] * 30 + [60]


def test_a_network_of_ipv6_is_one_address_and_a_mapped_one_is_that_of_ipv4(door: Door) -> None:
    throttle = LoginThrottle(door.clock.monotonic)
    assert [throttle.begin(f"2001:db8::{number}") for number in range(6)] == [0] * 5 + [60]
    assert throttle.begin("2001:db8:0:1::1") == 0
    assert [throttle.begin(f"::ffff:10.0.0.{number}") for number in range(6)] == [0] * 6
    assert [throttle.begin("10.0.0.1") for _ in range(5)] == [0] * 4 + [60]
    throttle.remember("2001:db8:0:2::1", 3600)
    assert [throttle.begin(f"10.0.1.{number}") for number in range(15)] == [0] * 14 + [60]
    assert throttle.begin("2001:db8:0:2::9") == 0


def test_attempts_that_come_at_once_are_counted_before_they_are_looked_at(door: Door) -> None:
    throttle = LoginThrottle(door.clock.monotonic)
    assert [throttle.begin("10.0.0.1") for _ in range(8)] == [0] * 5 + [60] * 3
    throttle.take_back("10.0.0.1")
    assert [throttle.begin("10.0.0.1") for _ in range(2)] == [0, 60]


def test_right_passwords_count_for_nothing(door: Door) -> None:
    for _ in range(40):
        assert door.sign_in() == 303


def test_wrong_links_hold_no_password_up_and_wrong_passwords_no_link() -> None:
    door = Door(links={"abc"})
    for _ in range(5):
        assert door.client.post("/login", data={"token": "guess"}).status_code == 401
    assert door.client.post("/login", data={"token": "abc"}).status_code == 429
    assert door.sign_in() == 303
    door.client.post("/logout")
    for _ in range(5):
        door.client.post("/login", data={"password": "guess"})
    assert door.sign_in() == 429
    elsewhere = {"REMOTE_ADDR": "10.0.0.9"}
    assert door.client.post("/login", data={"token": "abc"}, environ_overrides=elsewhere).status_code == 303


def test_a_session_nobody_uses_ends_and_one_in_use_ends_when_its_time_is_up(door: Door) -> None:
    door.sign_in()
    door.clock.advance(IDLE.total_seconds() + 1)
    assert not door.is_open

    door.sign_in()
    for _ in range(int(LONGEST / timedelta(hours=6)) - 1):
        door.clock.advance(6 * 3600)
        assert door.client.get("/live", headers={"X-Active": "1"}).status_code in (200, 204)
    door.clock.advance(6 * 3600 + 60)
    assert not door.is_open


def test_a_page_that_only_updates_itself_keeps_no_session_alive(door: Door) -> None:
    door.sign_in()
    for _ in range(12):
        door.clock.advance(3600)
        door.client.get("/live")
    door.clock.advance(1)
    assert not door.is_open


def test_a_new_password_ends_the_sessions_of_the_old_one(door: Door) -> None:
    door.sign_in()
    session = door.client.get_cookie("trade_agent_session")
    assert session is not None

    changed = Door(password="another one")
    changed.client.set_cookie("trade_agent_session", session.value)

    assert not changed.is_open


def test_a_session_that_was_ended_stays_out_after_a_restart(tmp_path: Path) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path)})
    clock = FakeClock()

    def ended() -> SignedOut:
        return SignedOut(settings, lambda: clock.now().timestamp())

    now = clock.now().timestamp()
    ended().add("one", now + 60)
    ended().add("two", now + LONGEST.total_seconds())
    assert "one" in ended()
    assert "two" in ended()
    assert "three" not in ended()
    (path,) = (tmp_path / "secrets").iterdir()
    assert path.stat().st_mode & 0o077 == 0

    clock.advance(61)
    ended().add("three", now + LONGEST.total_seconds())
    assert "one" not in ended(), "its cookie is worth nothing any more"
    assert {"two", "three"} <= set(json.loads(path.read_text()))
    path.write_text("{")
    assert "two" not in ended()


def test_a_cookie_of_before_the_restart_stays_out_once_signed_out(tmp_path: Path) -> None:
    settings = load_settings({"DATA_DIR": str(tmp_path)})
    before = Door(ended=SignedOut(settings))
    before.sign_in()
    copied = before.client.get_cookie(COOKIE)
    assert copied is not None
    before.client.post("/logout")

    after = Door(ended=SignedOut(settings))
    after.client.set_cookie(COOKIE, copied.value)
    assert not after.is_open
    assert after.sign_in() == 303
    assert after.is_open


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/_dash-update-component", "/acts/ask", "/acts/do", "/login", "/logout"])
def test_a_post_from_another_site_is_refused_even_with_a_session(
    door: Door, path: str, headers: dict[str, str]
) -> None:
    door.sign_in()
    assert door.client.post(path, json={}, headers=headers).status_code == 403
    assert door.is_open


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8050", 200),
        ("localhost", 200),
        ("[::1]:8050", 200),
        ("trader.example:8050", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
    ],
)
def test_only_known_names_are_answered(door: Door, host: str, status: int) -> None:
    assert door.client.get("/login", headers={"Host": host}).status_code == status


def test_pages_carry_security_headers(door: Door) -> None:
    for path in ("/login", "/health", "/_dash-layout"):
        headers = door.client.get(path).headers
        policy = headers["Content-Security-Policy"]
        scripts = re.search(r"script-src ([^;]+)", policy)
        assert scripts is not None
        assert "unsafe" not in scripts[1]
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"


def test_no_page_holds_a_secret(door: Door) -> None:
    door.sign_in()
    for path in ("/", "/_dash-layout", "/_dash-dependencies", "/live", "/login"):
        text = door.client.get(path).text
        assert PASSWORD not in text
        assert "kkkkkkkk" not in text


def test_what_dash_offers_to_developers_and_programs_is_off(door: Door) -> None:
    door.sign_in()
    rules = {rule.rule for rule in door.app.server.url_map.iter_rules()}
    assert not {rule for rule in rules if "mcp" in rule}
    config = door.client.get("/").text
    assert '"hot_reload"' not in config
    assert '"ui":true' not in config
    assert not door.app.server.debug


def test_health_is_open_and_follows_the_verdict(door: Door) -> None:
    assert door.client.get("/health").get_json()["condition"] == "cycling"

    door.desk.clock.advance(120)
    assert door.client.get("/health").status_code == 503

    door.desk.reads.broken = "database is locked"
    answer = door.client.get("/health")
    assert (answer.status_code, answer.get_json()["condition"]) == (503, "unreadable")
    assert "locked" not in answer.text
