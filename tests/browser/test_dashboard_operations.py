"""Who runs it, in a real browser: acts of Risk, System and Settings against supervisord and the simulator."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Response, expect

from binance_trade_agent.bootstrap.secrets import kept_secrets
from binance_trade_agent.interfaces.dashboard.registry import all_pages
from tests.browser.real import PASSWORD, Stage, open_orders
from tests.browser.visits import Visit
from tests.processes import Installation, eventually

SPREAD = "RISK_MAX_SPREAD_BPS"


@pytest.fixture
def place(stage: Stage) -> Installation:
    return stage.place


def press(page: Page, name: str, confirm: str, *, reason: str, typed: str = "") -> None:
    """Ask for an act by its button, and confirm it twice at once."""
    page.get_by_role("button", name=name, exact=True).first.click()
    dialog = page.get_by_role("dialog")
    send = dialog.get_by_role("button", name=confirm, exact=True)
    if typed:
        expect(send).to_be_disabled()
        dialog.get_by_label(f"Type {typed} to confirm").fill(typed)
    dialog.get_by_label("Reason").fill(reason)
    send.dblclick(force=True)


def done_by_dashboard(place: Installation, reason: str) -> list[tuple[str, str | None]]:
    with place.desk() as desk:
        return [(row.action, row.outcome) for row in desk.watch.audit() if row.reason == reason]


def in_audit(visit: Visit, reason: str) -> list[str]:
    """The acts of that reason, as the audit page shows them."""
    visit.open("/audit")
    rows = visit.page.locator("[data-table=audit-acts] tbody tr", has_text=reason)
    return [row.locator("td").nth(1).get_attribute("data-value") or "" for row in rows.all()]


def test_a_symbol_is_only_sold_and_freed(visit: Visit, place: Installation) -> None:
    visit.open("/risk")
    page = visit.page
    page.get_by_role("button", name="Add a symbol").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Symbol").select_option("ETHUSDT")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_contain_text("Only sell ETHUSDT from now on?")
    dialog.get_by_label("Reason").fill("delisting soon")
    dialog.get_by_role("button", name="Only sell").dblclick(force=True)
    row = page.locator("[data-table=risk-reduce-only] tbody tr")
    expect(row).to_contain_text("delisting soon")
    with place.desk() as desk:
        assert dict(desk.watch.status().control.reduce_only) == {"ETHUSDT": "delisting soon (dashboard)"}

    press(page, "Let ETHUSDT be bought again", "Lift", reason="stays listed")
    expect(page.locator("#risk-reduce-only")).to_contain_text("Every symbol may be bought")
    assert in_audit(visit, "delisting soon") == ["reduce_only"]
    assert in_audit(visit, "stays listed") == ["reduce_only"]


def test_a_setting_is_changed_and_taken_back(visit: Visit, place: Installation) -> None:
    visit.open("/settings?text=spread")
    page = visit.page
    page.get_by_role("button", name=f"Change {SPREAD}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(SPREAD).fill("-1")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("alert")).to_contain_text(SPREAD)
    # the browser tells of every answer that is not 200
    assert [told for told in visit.complaints if "409" not in told] == []
    visit.complaints.clear()
    dialog.get_by_label(SPREAD).fill("23")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_contain_text("It is 50 and becomes 23")
    dialog.get_by_label("Reason").fill("thin market today")
    dialog.get_by_role("button", name="Change", exact=True).dblclick(force=True)
    expect(page.locator("#toasts")).to_contain_text(f"{SPREAD}: 50 → 23", timeout=90_000)
    expect(page.locator("[data-table=settings-overrides]")).to_contain_text("23")
    eventually(lambda: _session_spread(place) == "23", within_s=120, what="the trader takes it")

    press(page, f"Take back {SPREAD}", "Take back", reason="as before")
    expect(page.locator("#toasts")).to_contain_text(f"{SPREAD}: 23 → 50", timeout=90_000)
    expect(page.locator("#settings-overrides")).to_contain_text("Nothing is set at run time")
    eventually(lambda: _session_spread(place) == "50", within_s=120, what="the trader takes it back")
    assert in_audit(visit, "thin market today") == ["set_setting"]
    assert in_audit(visit, "as before") == ["unset_setting"]


def _session_spread(place: Installation) -> str:
    with place.desk() as desk:
        return str(desk.risk.risk_state().plan.get("max_spread_bps"))


def test_the_trader_is_stopped_and_started(visit: Visit, place: Installation) -> None:
    visit.open("/system")
    page = visit.page
    row = page.locator("[data-table=system-programs] tbody tr", has_text="autonomous_trader")
    expect(row).to_contain_text("running")
    press(page, "Stop Trader", "Stop", reason="lunch break")
    expect(row).to_contain_text("stopped", timeout=90_000)
    expect(page.locator("#bar-health")).to_have_text("Stopped", timeout=60_000)
    assert len(open_orders(place)) == 4, "protection stays at the exchange"

    press(page, "Start Trader", "Start", reason="back again")
    expect(row).to_contain_text("running", timeout=60_000)
    expect(page.locator("#bar-health")).to_have_text("Cycling", timeout=90_000)
    assert in_audit(visit, "lunch break") == ["stop"]
    assert in_audit(visit, "back again") == ["start"]


def test_logs_follow_the_trader(visit: Visit) -> None:
    visit.open("/logs")
    newest = visit.page.locator("#logs-lines li").first
    seen = newest.inner_text()
    expect(newest).not_to_have_text(seen)
    visit.page.get_by_label("Program").select_option("dash_ui")
    expect(visit.page.locator("#logs-lines")).to_contain_text("dashboard ready")


def test_no_secret_stands_in_any_page(visit: Visit, place: Installation) -> None:
    given = {place.environment[name] for name in ("BINANCE_API_SECRET", "MCP_TOKEN")}
    secrets = {PASSWORD, *given, *kept_secrets(place.settings)}
    assert len(secrets) >= 4
    answers: list[str] = []

    def note(answer: Response) -> None:
        if "/_dash-update-component" in answer.url:
            with suppress(Error):  # of a page that is left already
                answers.append(answer.text())

    visit.page.on("response", note)
    visit.open("/")
    for page in all_pages():
        visit.go(page.path)
        answers.append(visit.page.content())
    for program in ("dash_ui", "binance_agent", "supervisord"):
        visit.open(f"/logs?program={program}")
        answers.append(visit.page.content())
    told = "\n".join(answers)
    assert "DASHBOARD_PASSWORD" in told, "the settings were among it"
    assert [secret for secret in secrets if secret in told] == []


def test_a_halt_wants_its_word_and_nothing_is_sent_until_it_is_resumed(
    visit: Visit, place: Installation
) -> None:
    visit.open("/risk")
    page = visit.page
    press(page, "Halt", "Halt", reason="fire drill", typed="HALT")
    expect(page.locator("#bar-control")).to_have_text("Halted")
    expect(page.locator("#risk-steering")).to_contain_text("fire drill")
    assert len(open_orders(place)) == 4, "what rests stays"

    orders = len(place.truth("orders"))
    begun = _cycles(place)
    eventually(lambda: _cycles(place) >= begun + 3, within_s=120, what="cycles go on")
    assert len(place.truth("orders")) == orders, "nothing is sent"

    press(page, "Resume", "Resume", reason="drill is over")
    expect(page.locator("#bar-control")).to_have_text("Trading")
    for reason, action in (("fire drill", "halt"), ("drill is over", "resume")):
        expect(page.locator("#toasts .working")).to_have_count(0, timeout=60_000)
        assert done_by_dashboard(place, reason) == [(action, "done")]
        assert in_audit(visit, reason) == [action]


def _cycles(place: Installation) -> int:
    with place.desk() as desk:
        return desk.watch.status().cycles
