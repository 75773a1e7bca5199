"""The caps of a token hold over two servers on one database: what is asked for at once cannot pass together."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.desk import Desk, open_desk
from binance_trade_agent.control.steering import Steering
from binance_trade_agent.domain.grants import Caps, Grant, Tier
from binance_trade_agent.interfaces.mcp_server.access import TokenTable
from binance_trade_agent.settings import load_settings
from binance_trade_agent.storage.control_state import SqlControlState
from tests.fakes import FakeClock, FakeLauncher, FakeLease
from tests.mcp_calls import over_http, serving

TOKEN = "k" * 32
TRADE = "execute_trading_workflow"


def table(caps: Caps) -> TokenTable:
    return TokenTable({TOKEN: Grant("capped", Tier.TRADE, caps)})


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[list[Desk]]:
    """Two desks as two processes have them. No trader runs: what is stored is not carried out."""
    settings = load_settings({"TRADING_MODE": "simulated", "DATA_DIR": str(tmp_path)}, tmp_path)
    opened = [open_desk(settings) for _ in range(2)]
    yield [
        replace(
            desk,
            steering=Steering(
                SqlControlState(desk.database, desk.book), FakeLease(), FakeLauncher(), FakeClock()
            ),
        )
        for desk in opened
    ]
    for desk in opened:
        desk.close()


async def test_of_twenty_calls_at_once_over_two_servers_as_many_pass_as_the_cap_says(
    desks: list[Desk],
) -> None:
    tokens = table(Caps(orders_per_day=3))
    with serving(desks[0], tokens) as one, serving(desks[1], tokens) as other:
        answers = await asyncio.gather(
            *(
                over_http(server, TOKEN, TRADE, symbol="BTCUSDT", quantity="0.001")
                for server in (one, other) * 10
            )
        )

    codes = sorted(text.partition(":")[0] for failed, text in answers if failed)
    assert codes == ["CAP_REACHED"] * 17 + ["PENDING"] * 3
    assert len(desks[0].watch.audit(limit=50)) == 3


async def test_an_amount_that_nobody_can_value_is_refused_and_nothing_is_stored(desks: list[Desk]) -> None:
    with serving(desks[0], table(Caps(quote_per_day=Decimal(500)))) as server:
        failed, text = await over_http(server, TOKEN, TRADE, symbol="BTCUSDT", quantity="0.001")

    assert failed
    assert text.startswith("CAP_REACHED: no price of the symbol is known")
    assert desks[0].watch.audit() == ()
