"""What must fit: the bar with much to say, and long tables on a phone."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from binance_trade_agent.domain.decisions import TradingState
from tests.browser.dashboards import served_dashboard
from tests.browser.test_dashboard_live import running_desk
from tests.browser.visits import PHONE, signed_in
from tests.fakes import FakeDesk
from tests.unit.interfaces.test_dashboard_risk import limited_desk

_REASON = (
    "the exchange announced maintenance of its matching engine between 02:00 and 04:00 UTC, and until the book is deep"
    " again and somebody has compared the ledger with the statement nothing is to be bought or sold"
)
#: Pairs of parts of the bar that lie over each other, and parts that reach beyond it.
_COLLISIONS = """() => {
  const shown = [...document.querySelectorAll('.bar > *')].filter(part => part.getClientRects().length);
  const boxes = shown.map(part => [part.id || part.className, part.getBoundingClientRect()]);
  const found = boxes.filter(([, box]) => box.right > window.innerWidth + 1).map(([name]) => `${name} is cut`);
  boxes.forEach(([name, a], at) => boxes.slice(at + 1).forEach(([other, b]) => {
    const apart = a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
    if (!apart) found.push(`${name} over ${other}`);
  }));
  return found;
}"""


def halted_and_stopped() -> FakeDesk:
    desk = running_desk()
    session = desk.reads.stored.session
    assert session is not None
    ended = replace(session, ended_at=desk.clock.now(), end_reason="stopped")
    desk.reads.stored = replace(desk.reads.stored, session=ended)
    desk.reads.control.snapshot = replace(
        desk.reads.control.snapshot, state=TradingState.HALTED, actor="operator", reason=_REASON
    )
    return desk


@pytest.mark.parametrize("width", [320, 375, 768, 1024, 1280, 1920])
def test_the_bar_says_who_halted_and_why_in_any_width(browser: Browser, width: int) -> None:
    with (
        served_dashboard(halted_and_stopped(), mode="live") as dashboard,
        signed_in(browser, dashboard.url, {"width": width, "height": 800}) as visit,
    ):
        expect(visit.page.locator("#bar-control")).to_have_text("Halted")
        why = visit.page.locator("#bar-why")
        expect(why).to_have_text(f"by operator: {_REASON}")
        expect(why).to_be_visible()
        expect(visit.page.locator("#bar-clock")).to_contain_text("nothing trades until it is started")
        assert visit.page.evaluate(_COLLISIONS) == []
        assert visit.faults(f"at {width} px") == []


def test_bars_of_limits_have_one_length_on_a_phone_and_a_latched_limit_fits(browser: Browser) -> None:
    with (
        served_dashboard(limited_desk()) as dashboard,
        signed_in(browser, dashboard.url, PHONE) as visit,
    ):
        visit.open("/risk")
        bars = visit.page.locator("[data-table=risk-limits] .use")
        assert bars.count() > 1
        assert len({round(bar.bounding_box()["width"]) for bar in bars.all()}) == 1  # type: ignore[index]
        assert visit.faults("Risk on a phone") == []


def test_a_phone_shows_ten_rows_until_all_are_asked_for(browser: Browser) -> None:
    desk = running_desk()
    newest = desk.reads.decision_rows[0]
    desk.reads.decision_rows = tuple(replace(newest, id=f"decision-{n}") for n in range(25))
    with (
        served_dashboard(desk) as dashboard,
        signed_in(browser, dashboard.url, PHONE) as visit,
    ):
        shown = visit.page.locator("[data-table=overview-decisions] tbody tr:visible")
        expect(shown).to_have_count(10)
        visit.page.get_by_role("button", name="Show all 20").click()
        expect(shown).to_have_count(20)
        assert visit.page.evaluate("document.activeElement.rowIndex") == 11
