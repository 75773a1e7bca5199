"""Every page in every state, in a real browser against the real programs: a page joins by being in the registry."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from binance_trade_agent.interfaces.dashboard.registry import all_pages
from tests.browser.real import Stage, empty_stage, open_orders, running_stage
from tests.browser.visits import PHONE, SCREEN, Visit, chromium, signed_in
from tests.processes import CLI, eventually

PATHS = [page.path for page in all_pages()]
STATES = ("empty database", "running demo", "dead trader", "halted")
WORDS = {
    "empty database": re.compile("Never started"),
    "running demo": re.compile("Cycling"),
    # one that was killed within a cycle may be at work for a while yet
    "dead trader": re.compile("Dead|Not cycling"),
    "halted": re.compile("Cycling"),
}
#: Fetched from npm by `make axe`, and by the continuous integration.
AXE = Path(__file__).parents[2] / ".axe-check/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@dataclass(frozen=True)
class Scene:
    state: str
    stage: Stage


@pytest.fixture(scope="module", params=STATES)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The programs in one of the states; the trader of the dead one was killed while it held positions."""
    state: str = request.param
    folder = tmp_path_factory.mktemp("dashboard")
    if state == "empty database":
        with empty_stage(folder) as stage:
            yield Scene(state, stage)
        return
    with running_stage(folder) as stage:
        if state == "dead trader":
            stage.kill_trader()
        if state == "halted":
            halted = stage.place.run(CLI, "halt", "drill", "--yes")
            assert halted.returncode == 0, halted.stderr
        yield Scene(state, stage)


@pytest.fixture(scope="module", params=["screen", "dark phone"])
def visit(request: pytest.FixtureRequest, browser: Browser, scene: Scene) -> Iterator[Visit]:
    phone = request.param == "dark phone"
    with signed_in(browser, scene.stage.url, PHONE if phone else SCREEN, dark=phone) as visit:
        yield visit


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_no_errors_no_overflow_and_asks_nobody_else(visit: Visit, scene: Scene, path: str) -> None:
    visit.complaints.clear()
    visit.open(path)
    expect(visit.page.locator("#bar-health")).to_have_text(WORDS[scene.state], timeout=100_000)
    expect(visit.page.locator("#bar-control")).to_have_text(
        "Halted" if scene.state == "halted" else "Trading"
    )
    assert visit.overflow_px <= 0
    assert visit.complaints == []
    assert visit.hosts == {"127.0.0.1"}
    assert visit.page.locator("#navigation [aria-current=page] a").get_attribute("href") == path
    unnamed = visit.page.evaluate(
        """[...document.querySelectorAll('button, a[href], input, select')]
           .filter(e => !(e.textContent.trim() || e.ariaLabel || e.title || (e.labels && e.labels.length)))
           .map(e => e.outerHTML)"""
    )
    assert unnamed == []
    # in the other states the same pages differ by their bar alone
    if AXE.exists() and (path == "/" or scene.state in ("empty database", "running demo")):
        assert serious_violations(visit) == []


def serious_violations(visit: Visit) -> list[tuple[str, list[str]]]:
    """What axe finds: the rule, and the elements that break it."""
    visit.page.evaluate(AXE.read_text())
    found = visit.page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)"
    )
    return [
        (each["id"], [node["html"][:160] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def test_axe_is_there_to_look_at_the_pages() -> None:
    if not AXE.exists() and os.environ.get("REQUIRE_ALL_TESTS") != "1":
        pytest.skip("axe-core is not there, so no page was looked at with it: `make check-axe` fetches it")
    assert AXE.exists()


@pytest.mark.parametrize("path", [*PATHS, "/live", "/acts/x", "/export/x.csv", "/_dash-layout"])
def test_without_a_session_nothing_is_told(scene: Scene, path: str) -> None:
    answer = httpx.get(scene.stage.url + path, follow_redirects=False)
    assert (answer.status_code, answer.headers.get("location")) in ((303, "/login"), (401, None))


def test_numbers_on_the_page_are_the_databases(visit: Visit, scene: Scene) -> None:
    if scene.state != "dead trader":
        pytest.skip("while a trader runs they move between the two readings")
    visit.open("/")
    with scene.stage.place.desk() as desk:
        status = desk.watch.status()
        held = {row.symbol: row.quantity for row in desk.watch.positions() if row.quantity > 0}
    assert status.equity is not None
    expected = {
        "equity": status.equity.total,
        "profit": status.profit,
        "exposure": status.exposure,
        "cash": status.equity.cash,
        "positions": len(held),
        "cycles": status.cycles,
        "orders": sum(status.orders_by_status.values()),
    }
    shown = visit.page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-figure]')].map(e => [e.dataset.figure, e.dataset.value]))"
    )
    assert {name: Decimal(value) for name, value in shown.items()} == expected
    rows = visit.page.locator("[data-table=overview-positions] tbody tr")
    cells = [[cell.get_attribute("data-value") for cell in row.locator("td").all()[:2]] for row in rows.all()]
    assert {str(symbol): Decimal(str(quantity)) for symbol, quantity in cells} == held


def test_the_death_of_the_trader_is_said_within_two_intervals_without_a_reload(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        running_stage(tmp_path, TRADING_INTERVAL_SECONDS="5") as stage,
        signed_in(browser, stage.url) as visit,
    ):
        expect(visit.page.locator("#bar-health")).to_have_text("Cycling")
        stage.kill_trader()
        expect(visit.page.locator("#bar-health")).to_have_text("Overdue")
        expect(visit.page.locator("body")).to_have_class("stale")
        expect(visit.page.locator("#bar-health")).to_have_text("Dead", timeout=60_000)
        assert visit.complaints == []


def test_a_trader_is_paused_resumed_and_flattened_from_the_page(browser: Browser, tmp_path: Path) -> None:
    with running_stage(tmp_path) as stage, signed_in(browser, stage.url) as visit:
        page = visit.page
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#bar-control")).to_have_text("Trading")

        page.get_by_role("button", name="Pause").click()
        page.get_by_label("Reason").fill("news at noon")
        page.get_by_role("dialog").get_by_role("button", name="Pause").dblclick(force=True)
        expect(page.locator("#toasts")).to_contain_text("Paused")
        expect(page.locator("#bar-why")).to_have_text("by dashboard: news at noon")
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("dialog").get_by_role("button", name="Resume").click()
        expect(page.locator("#bar-control")).to_have_text("Trading")

        page.get_by_role("button", name="Flatten").click()
        send = page.get_by_role("dialog").get_by_role("button", name="Flatten")
        expect(page.get_by_role("dialog")).to_contain_text("BTC, about")
        expect(send).to_be_disabled()
        page.get_by_label("Type FLATTEN to confirm").fill("flatten")
        send.dblclick(force=True)
        expect(page.locator("#bar-control")).to_have_text("Halted", timeout=90_000)
        eventually(lambda: open_orders(stage.place) == [], within_s=30, what="nothing rests any more")
        sold = [o for o in stage.place.truth("orders") if o["type"] == "MARKET" and o["side"] == "SELL"]
        assert sorted(order["symbol"] for order in sold) == ["BTCUSDT", "ETHUSDT"]
        with stage.place.desk() as desk:
            acts = [(row.action, row.outcome) for row in desk.watch.audit() if row.actor == "dashboard"]
        assert acts == [("flatten", "done"), ("resume", "done"), ("pause", "done")]
        assert visit.complaints == []
