"""What decisions saw of the market, as stored."""

from dataclasses import replace
from datetime import timedelta

from binance_trade_agent.domain.decisions import Reason, Signal, SignalAction
from binance_trade_agent.domain.market import BookTop, CandleInterval, SeenIndicators
from binance_trade_agent.storage.candles import store_candles
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.market_reads import SqlMarketReads
from binance_trade_agent.storage.sessions import SqlSessions
from tests.fake_market import minutes
from tests.integration.storage.samples import MINUTE, T0, cycle_start, decision, report, session
from tests.integration.storage.test_decision_inputs import INPUTS


def test_an_outage_does_not_hide_what_was_seen_before_it(database, book):
    SqlSessions(database, book).begin(session())
    log = SqlDecisionLog(database, book)
    for number in range(1, 25):
        start = cycle_start(f"c{number}", number)
        log.open_cycle(start, "s1")
        # the newest that had data is the second; the exchange has not answered since
        inputs = replace(INPUTS, observed_at=T0 + number * MINUTE) if number <= 2 else None
        row = decision(f"d{number}", decided_at=start.started_at, inputs=inputs)
        log.close_cycle(report(start, [row]), {})
    reads = SqlMarketReads(database, book)
    seen = reads.last_seen("BTCUSDT")
    assert (seen.seen_at, seen.rules) == (T0 + 2 * MINUTE, None)
    assert seen.book == BookTop("BTCUSDT", INPUTS.bid, INPUTS.bid_quantity, INPUTS.ask, INPUTS.ask_quantity)
    assert reads.last_seen("ETHUSDT") is None


def test_the_interval_is_the_newest_sessions(database, book):
    reads = SqlMarketReads(database, book)
    assert reads.candle_interval() is None
    sessions = SqlSessions(database, book)
    sessions.begin(session(settings={"CANDLE_INTERVAL": "1m"}, ended_at=T0))
    sessions.begin(session("s2", started_at=T0 + timedelta(hours=1), settings={"CANDLE_INTERVAL": "5m"}))
    assert reads.candle_interval() is CandleInterval.M5


def test_the_newest_candles_of_one_interval_rise(database, book):
    kept = minutes([1, 2, 3, 4], until=T0)
    with database.write() as transaction:
        store_candles(transaction, book.id, {"BTCUSDT": (CandleInterval.M1, kept)})
    reads = SqlMarketReads(database, book)
    assert reads.candles("BTCUSDT", CandleInterval.M1, limit=3) == kept[1:]
    assert reads.candles("BTCUSDT", CandleInterval.M5, limit=3) == ()


def test_indicators_are_those_of_decisions_on_a_new_candle(database, book):
    SqlSessions(database, book).begin(session())
    log = SqlDecisionLog(database, book)

    def saw(number: int, values: dict[str, float], **changes) -> None:
        start = cycle_start(f"c{number}", number)
        log.open_cycle(start, "s1")
        said = Signal(
            "BTCUSDT", "rsi_level", SignalAction.HOLD, 0, (Reason("a", "b"),), values, T0 + number * MINUTE
        )
        row = decision(f"d{number}", decided_at=start.started_at, **({"signal": said} | changes))
        log.close_cycle(report(start, [row]), {})

    saw(1, {"rsi": 41.0})
    saw(2, {"rsi": 42.5, "ema": float("nan")})
    saw(3, {"rsi": 43.0}, first_candle=None, last_candle=None, candles_seen=0)
    saw(4, {}, signal=None)
    saw(5, {"rsi": 45.0})

    reads = SqlMarketReads(database, book)
    seen = [
        SeenIndicators(T0 + n * MINUTE, "rsi_level", {"rsi": v}) for n, v in ((1, 41.0), (2, 42.5), (5, 45.0))
    ]
    assert reads.indicators("BTCUSDT", limit=10) == tuple(seen)
    assert reads.indicators("BTCUSDT", limit=1) == (seen[-1],)
    assert reads.indicators("ETHUSDT", limit=10) == ()
