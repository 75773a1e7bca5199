"""What a person opened stays open when newer rows come, and opens for nothing else."""

from dataclasses import replace

from playwright.sync_api import Browser, expect

from tests.browser.dashboards import served_dashboard
from tests.browser.visits import signed_in
from tests.fakes import fake_desk
from tests.unit.interfaces.test_dashboard_audit import HALT


def test_the_details_of_an_act_stay_open_while_others_are_done(browser: Browser) -> None:
    desk = fake_desk()
    desk.reads.audit_rows = (HALT, replace(HALT, id=1, action="pause"))
    with served_dashboard(desk) as served, signed_in(browser, served.url) as visit:
        visit.open("/audit")
        rows = visit.page.locator("[data-table=audit-acts] tbody tr")
        expect(rows).to_have_count(2)
        rows.nth(0).get_by_text("Details").click()
        expect(rows.nth(0).locator("details")).to_have_attribute("open", "")

        newer = replace(HALT, id=3, action="resume", before="HALTED", after="RUNNING")
        desk.reads.audit_rows = (newer, *desk.reads.audit_rows)

        expect(rows).to_have_count(3)
        opened = [row.get_by_text("through", exact=True).is_visible() for row in rows.all()]
        assert opened == [False, True, False]
        rows.nth(1).get_by_text("Details").click()
        expect(rows.nth(1).locator("details")).not_to_have_attribute("open", "")
        assert visit.complaints == []
