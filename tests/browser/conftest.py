"""What the browser tests share: one browser, and the installations that are dear to start."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.real import DEMO, Demo, Stage, demo_stage, supervised_stage, until_it_holds
from tests.browser.visits import Visit, chromium, signed_in


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A trader that has bought, sold and bought again, to be halted, killed and started again."""
    with demo_stage(tmp_path_factory.mktemp("demo")) as made:
        yield made


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Everything under supervisord, with BTC and ETH behind stops and targets; each test leaves it trading."""
    secrets = {
        "MCP_TOKEN": "a-token-of-mcp-clients-0123456789",
        "BINANCE_API_KEY": "k" * 20,
        "BINANCE_API_SECRET": "a-secret-of-the-exchange-0123456789",
    }
    with supervised_stage(tmp_path_factory.mktemp("supervised"), {**DEMO, **secrets}) as made:
        until_it_holds(made.place)
        yield made


@pytest.fixture(scope="module")
def signed(browser: Browser, stage: Stage) -> Iterator[Visit]:
    """Somebody who is signed in there, with nothing open."""
    with signed_in(browser, stage.url, path="/logs") as visit:
        visit.page.close()
        yield visit


@pytest.fixture
def visit(signed: Visit) -> Iterator[Visit]:
    """A tab of its own."""
    visit = signed.beside()
    yield visit
    visit.page.close()
    assert visit.complaints == []
