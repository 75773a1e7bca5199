"""What the trader builds from the settings."""

from datetime import timedelta
from pathlib import Path

import pytest

from binance_trade_agent.agents.user_data import UserDataAgent
from binance_trade_agent.bootstrap.trader import Trader, open_store
from binance_trade_agent.control.projections import Projector
from binance_trade_agent.control.sessions import SessionKeeper, SessionRequest
from binance_trade_agent.settings import load_settings
from tests.desk import DeafStream, ExchangeClock, Marked, OneStrategy
from tests.fake_exchange import FakeExchange


class Slow(Marked):
    """Wants a long history."""

    @property
    def warmup_candles(self) -> int:
        return 400


@pytest.mark.parametrize(
    ("environ", "candles"),
    [
        # of the ten new candles of a cycle the oldest is warm, too, and of one more if it comes late
        ({"TRADING_INTERVAL_SECONDS": "600"}, 411),
        ({"TRADING_INTERVAL_SECONDS": "600", "TRADING_ALIGN": "candle_close"}, 402),
        ({"TRADING_INTERVAL_SECONDS": "30"}, 402),
        ({"TRADING_INTERVAL_SECONDS": "600", "CANDLE_HISTORY": "800"}, 800),
        ({"TRADING_INTERVAL_SECONDS": "600", "RISK_CORRELATION_CANDLES": "500"}, 501),
    ],
)
async def test_a_cycle_sees_enough_candles_for_each_new_one(
    tmp_path: Path, environ: dict[str, str], candles: int
) -> None:
    values = {"TRADING_MODE": "simulated", "CANDLE_INTERVAL": "1m", "DATA_DIR": str(tmp_path)}
    settings = load_settings(values | environ, tmp_path)
    exchange, store = FakeExchange(history=1000), open_store(settings)
    clock = ExchangeClock(exchange)
    projector = Projector(store.outbox, store.control, stop_entries_on_difference=False)
    strategies, user_data = OneStrategy(Slow()), UserDataAgent(store.journal, store.ledger)
    trader = Trader(settings, clock, store, exchange, strategies, projector, DeafStream(), user_data)  # type: ignore[arg-type]
    keeper = SessionKeeper(store.sessions, clock)
    session = keeper.enter(SessionRequest("trading", "simulated", "marked", ("BTCUSDT",), {}, timedelta(0)))
    await trader.orchestrator(session).run_cycle(1, exchange.time)
    store.database.close()
    assert [call for call in exchange.calls if call.startswith("candles")] == [
        f"candles BTCUSDT limit={candles} since=None"
    ]
