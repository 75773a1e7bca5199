"""The dashboard's door: nothing without a session, for every route and method."""

import re

import pytest
from flask.testing import FlaskClient

from binance_trade_agent.interfaces.dashboard.app import build_app
from binance_trade_agent.interfaces.dashboard.auth import Guard, LoginThrottle
from binance_trade_agent.interfaces.desks import DeskDoor
from tests.fakes import FakeClock, FakeDesk, fake_desk

PASSWORD = "correct horse battery"


class Door:
    """A dashboard's client, with the desk and the clock behind it."""

    def __init__(self, password: str = PASSWORD, key: bytes = b"k" * 32) -> None:
        self.desk: FakeDesk = fake_desk()
        self.clock = FakeClock()
        guard = Guard(password, key, LoginThrottle(self.clock.monotonic))
        self.app = build_app(DeskDoor(lambda: self.desk), guard, mode="simulated", mode_note="")
        self.client: FlaskClient = self.app.server.test_client()


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
    assert tried > 10
    assert door.client.get("/").headers["Location"] == "/login"
    assert door.client.get("/no-such-page").status_code == 401


def test_a_malformed_callback_without_a_session_is_refused_not_an_error(door: Door) -> None:
    assert door.client.post("/_dash-update-component", data=b"{").status_code == 401


def test_the_right_password_opens_and_sign_out_closes(door: Door) -> None:
    signed_in = door.client.post("/login", data={"password": PASSWORD})
    cookie = signed_in.headers["Set-Cookie"]

    assert signed_in.status_code == 200
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert PASSWORD not in signed_in.text
    assert door.client.get("/").status_code == 200
    assert door.client.get("/_dash-layout").status_code == 200

    door.client.get("/logout")
    assert door.client.get("/_dash-layout").status_code == 401


def test_the_printed_link_opens(door: Door) -> None:
    assert door.client.get("/login", query_string={"token": PASSWORD}).status_code == 200
    assert door.client.get("/_dash-layout").status_code == 200


@pytest.mark.parametrize("wrong", ["", "correct horse", PASSWORD + " ", "é" * 40, "x" * 100_000])
def test_a_wrong_password_opens_nothing(door: Door, wrong: str) -> None:
    assert door.client.post("/login", data={"password": wrong}).status_code == 401
    assert door.client.get("/_dash-layout").status_code == 401


def test_a_body_that_no_form_has_is_not_read(door: Door) -> None:
    assert door.client.post("/login", data={"password": "x" * 1_000_001}).status_code == 413


def test_after_five_wrong_passwords_even_the_right_one_waits_a_minute(door: Door) -> None:
    for _ in range(5):
        door.client.post("/login", data={"password": "guess"})

    assert door.client.post("/login", data={"password": PASSWORD}).status_code == 429
    door.clock.advance(61)
    assert door.client.post("/login", data={"password": PASSWORD}).status_code == 200


def test_a_new_password_ends_the_sessions_of_the_old_one(door: Door) -> None:
    door.client.post("/login", data={"password": PASSWORD})
    session = door.client.get_cookie("trade_agent_session")
    assert session is not None

    changed = Door(password="another one")
    changed.client.set_cookie("trade_agent_session", session.value)

    assert changed.client.get("/_dash-layout").status_code == 401


def test_a_post_from_another_site_is_refused_even_with_a_session(door: Door) -> None:
    door.client.post("/login", data={"password": PASSWORD})
    answer = door.client.post("/_dash-update-component", json={}, headers={"Origin": "http://evil.example"})

    assert answer.status_code == 403


def test_pages_carry_security_headers(door: Door) -> None:
    headers = door.client.get("/login").headers

    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_health_is_open_and_follows_the_verdict(door: Door) -> None:
    assert door.client.get("/health").get_json()["condition"] == "cycling"

    door.desk.clock.advance(120)
    assert door.client.get("/health").status_code == 503

    door.desk.reads.broken = "database is locked"
    answer = door.client.get("/health")
    assert (answer.status_code, answer.get_json()["text"]) == (503, "database is locked")
