"""Who may look, asked of the dashboard as its own process: every route that it has, and everything it serves."""

import re
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from playwright.sync_api import Browser, expect

from binance_trade_agent.interfaces.dashboard.access import Guard
from binance_trade_agent.interfaces.dashboard.app import build_app
from binance_trade_agent.interfaces.dashboard.passwords import LoginThrottle
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.telemetry.health import STOPPED
from tests.browser.axe import AXE, serious_violations
from tests.browser.dashboards import served_dashboard
from tests.browser.real import PASSWORD, Stage, empty_stage
from tests.browser.visits import PHONE, SCREEN, Visit, a_visit, signed_in
from tests.fakes import START, fake_desk

#: What is open to everybody: whether it is well, and what the login page is drawn with.
OPEN = {
    "/health",
    "/login",
    *(f"/assets/{name}" for name in ("1-theme.css", "2-parts.css", "3-shell.css")),
    *(f"/assets/{name}" for name in ("theme.js", "login.js", "icon.svg")),
}

_REFUSED = "Sign in at /login.\n"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with empty_stage(tmp_path_factory.mktemp("access")) as serving:
        yield serving


def routes() -> set[tuple[str, str]]:
    """Each method and address that the application itself says it answers; anything in the place of a variable."""
    app = build_app(
        DeskDoor(fake_desk), Guard(PASSWORD, b"k" * 32, LoginThrottle()), mode="simulated", mode_note=""
    )
    return {
        (method, re.sub("<[^>]+>", "x", rule.rule))
        for rule in app.server.url_map.iter_rules()
        for method in rule.methods or ()
    }


def served(visit: Visit) -> set[tuple[str, str]]:
    """What a browser asks for on a page with a chart and one without: Dash's own scripts, assets and callbacks."""
    asked = set()
    visit.page.on("request", lambda request: asked.add((request.method, request.url.removeprefix(visit.url))))
    for path in ("/", "/logs"):
        visit.page.goto(visit.url + path)
        visit.settle()
        visit.page.wait_for_load_state("networkidle")
    return asked


def test_without_a_session_no_route_and_no_file_is_answered(browser: Browser, stage: Stage) -> None:
    known = routes()
    assert {
        ("POST", "/_dash-update-component"),
        ("GET", "/live"),
        ("POST", "/acts/do"),
        ("GET", "/"),
    } <= known
    with signed_in(browser, stage.url) as visit:
        asked = served(visit)
    assert any(address.startswith("/_dash-component-suites/") for _, address in asked)
    told = {}
    with httpx.Client(base_url=stage.url, timeout=60) as client:
        for method, address in sorted(known | asked | {("GET", "/no-such-page"), ("PUT", "/live")}):
            if address.partition("?")[0] in OPEN:
                continue
            answer = client.request(method, address)
            is_led_away = (answer.status_code, answer.headers.get("location")) == (303, "/login")
            if not (is_led_away or (answer.status_code, answer.text) == (401, _REFUSED * (method != "HEAD"))):
                told[method, address] = (answer.status_code, answer.text[:80])
    assert told == {}


def test_what_is_open_tells_nothing_of_the_account(stage: Stage) -> None:
    with httpx.Client(base_url=stage.url, timeout=60) as client:
        answers = {address: client.get(address) for address in sorted(OPEN)}
    assert {
        address: answer.status_code for address, answer in answers.items() if answer.status_code != 200
    } == {"/health": 503}
    assert set(answers["/health"].json()) == {"healthy", "condition", "text"}


def test_health_tells_nobody_who_stopped_the_trader_and_why() -> None:
    desk = fake_desk()
    session = desk.reads.stored.session
    assert session is not None
    desk.reads.stored = replace(
        desk.reads.stored, session=replace(session, ended_at=START, end_reason=STOPPED)
    )
    desk.programs.stop(actor="joan", channel="cli", reason="moving the wallet")
    desk.reads.audit_rows = tuple(desk.state.rows)
    assert "joan (cli) “moving the wallet”" in desk.watch.status().health.text
    with served_dashboard(desk) as serving:
        told = httpx.get(f"{serving.url}/health", timeout=60)
    assert (told.status_code, told.json()["condition"]) == (503, "stopped")
    assert [word for word in ("joan", "wallet") if word in told.text] == []


def test_the_login_fits_has_no_faults_and_lets_in_who_knows_the_password(
    browser: Browser, stage: Stage
) -> None:
    with a_visit(browser, stage.url) as visit:
        visit.page.goto(stage.url)
        visit.page.wait_for_url(f"{stage.url}/login")
        found = looked_at(visit)
        assert found + visit.complaints == []
        visit.page.get_by_label("Password").fill("not it")
        visit.page.get_by_role("button", name="Sign in").click()
        expect(visit.page.get_by_role("alert")).to_be_visible()
        assert looked_at(visit) == []
        # the browser tells of every answer that is not 200
        assert [told for told in visit.complaints if "401" not in told] == []
        visit.page.get_by_label("Password").fill(PASSWORD)
        visit.page.get_by_role("button", name="Sign in").click()
        visit.page.wait_for_url(f"{stage.url}/")
        visit.settle()


def looked_at(visit: Visit) -> list[str]:
    found = []
    for viewport, dark in ((SCREEN, False), (PHONE, True)):
        visit.become(viewport, dark=dark)
        found += visit.faults(f"at {viewport['width']} px")
        found += serious_violations(visit.page) if AXE.exists() else []
    return found
