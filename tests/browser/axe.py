"""axe-core, which looks for accessibility faults: fetched from npm by `make axe`, and by the continuous integration."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / ".axe-check/node_modules/axe-core/axe.min.js"


def require_axe() -> None:
    """Skips without it, and fails where every test is required."""
    if not AXE.exists():
        reason = "axe-core is not there, so no page was looked at with it: `make check-axe` fetches it"
        if os.environ.get("REQUIRE_ALL_TESTS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


def serious_violations(page: Page) -> list[str]:
    """What axe finds: the rule, and the elements that break it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)"
    )
    return [
        f"{each['id']}: {[node['html'][:160] for node in each['nodes']]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
