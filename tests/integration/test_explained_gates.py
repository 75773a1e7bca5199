"""Sessions that one gate blocks, each in turn: the explanation of what the database holds names that gate first."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from binance_trade_agent.bootstrap.trader import open_store
from binance_trade_agent.control.explaining import Explainer
from binance_trade_agent.control.watching import Watch, WatchPlan
from binance_trade_agent.domain.acts import Act, ActKind
from binance_trade_agent.domain.decisions import CycleKind, TradingState
from binance_trade_agent.domain.errors import ConfigurationError, OutcomeUnknown
from binance_trade_agent.domain.explanation import Explanation
from binance_trade_agent.domain.gate_advice import others_that_failed, title_of
from binance_trade_agent.domain.market import BookTop
from binance_trade_agent.domain.portfolio import AccountSnapshot, AssetBalance
from binance_trade_agent.domain.records import Heartbeat
from binance_trade_agent.settings import load_settings
from binance_trade_agent.strategies.base import Advice, Bar
from binance_trade_agent.telemetry.health import TRADER_PROCESS
from tests.desk import UNRESTRAINED, DeskUnderTest, Marked, make_desk
from tests.fake_exchange import MINUTE, FakeExchange

BUY, SELL = 101, 99
TWO = ("BTCUSDT", "ETHUSDT")
WHOLE = Decimal(1)
SOON = timedelta(milliseconds=100)


class Crowded(FakeExchange):
    """An exchange with a spread, on whose account others' orders hold coins back."""

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__(symbols)
        self.spread = Decimal(0)
        self.held_back: dict[str, Decimal] = {}

    async def book_tops(self, symbols: Sequence[str]) -> Mapping[str, BookTop]:
        tops = await super().book_tops(symbols)
        return {symbol: replace(top, ask=top.ask + self.spread) for symbol, top in tops.items()}

    async def account(self) -> AccountSnapshot:
        account = await super().account()
        balances = dict(account.balances)
        for asset, amount in self.held_back.items():
            known = balances[asset]
            taken = min(known.free, amount)
            balances[asset] = AssetBalance(asset, known.free - taken, known.locked + taken)
        return replace(account, balances=balances)


class Adding(Marked):
    """`Marked`, but buys more of what it holds, and sells by halves."""

    name: ClassVar[str] = "adding"
    adds: ClassVar[bool] = True

    def decide(self, bar: Bar) -> Advice:
        return replace(super().decide(bar), share=Decimal("0.5"))


class Patient(Marked):
    """`Marked`, but wants more candles than there are."""

    name: ClassVar[str] = "patient"

    @property
    def warmup_candles(self) -> int:
        return 80


@dataclass
class Session:
    """A session in the making on a desk of its own."""

    exchange: Crowded
    desk: DeskUnderTest
    folder: Path

    async def close(self, *closes: int) -> None:
        """A cycle at the close of each candle."""
        for close in closes:
            self.exchange.close_candle(close)
            await self.desk.cycle()

    def control(self, state: TradingState) -> None:
        self.desk.store.control.write(state, reason="lunch", actor="ann", at=self.exchange.time)

    def explain(self) -> Explanation:
        """What the explainer says a moment after the last cycle, of a trader that is alive."""
        self.exchange.time += SOON
        now, store = self.exchange.time, self.desk.store
        store.sessions.beat(Heartbeat(TRADER_PROCESS, 1, now, now))
        plan = WatchPlan("simulated", "", self.desk.session.symbols, "marked", MINUTE)
        return Explainer(store.reads, Watch(store.reads, self.desk.clock, plan), self.desk.clock).explain()


Play = Callable[[Session], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """How a gate comes to block: the limits, the market, and what happens. `names` stands in the advice."""

    play: Play
    names: str
    limits: Mapping[str, Any] = field(default_factory=dict)
    symbols: tuple[str, ...] = ("BTCUSDT",)
    strategy: Callable[[], Marked] = Marked


async def signals(session: Session) -> None:
    await session.close(100, BUY, BUY, BUY)


def controlled(state: TradingState, *before: int, signal: int = BUY) -> Play:
    """The closes `before`, then signals in a control state."""

    async def play(session: Session) -> None:
        await session.close(100, *before)
        session.control(state)
        await session.close(signal, signal)

    return play


async def reduced(session: Session) -> None:
    await session.close(100)
    act = Act(ActKind.REDUCE_ONLY, "ann", "cli", "delisting", session.exchange.time)
    session.desk.store.control.restrict(act, ["BTCUSDT"], on=True)
    await session.close(BUY, BUY)


def closes(*prices: int) -> Play:
    """A candle for each price."""

    async def play(session: Session) -> None:
        await session.close(100, *prices)

    return play


def late(signal: int, *before: int) -> Play:
    """Signals on candles that closed a minute before they were seen."""

    async def play(session: Session) -> None:
        await session.close(100, *before)
        for _ in range(2):
            session.exchange.close_candle(signal)
            session.exchange.time += MINUTE - timedelta(seconds=5)
            await session.desk.cycle()
            session.exchange.time += timedelta(seconds=5)
            session.exchange.closes.append(Decimal(100))

    return play


async def jumping(session: Session) -> None:
    await session.close(100)
    for _ in range(2):
        session.exchange.close_candle(BUY)
        session.exchange.move_to(111)
        await session.desk.cycle()


async def with_a_spread(session: Session) -> None:
    session.exchange.spread = Decimal(1)
    await signals(session)


def unanswered(signal: int, *before: int) -> Play:
    """An order whose fate is not known, and then further signals."""

    async def play(session: Session) -> None:
        await session.close(100, *before)
        session.exchange.lost_answer = OutcomeUnknown("timeout")
        session.exchange.invisible = True
        await session.close(signal, signal, signal)

    return play


async def dropped(session: Session) -> None:
    """A symbol that is held and, after a restart, no longer traded."""
    await session.close(100, BUY)
    session.desk = make_desk(session.folder, session.exchange, symbols=("ETHUSDT",), strategy=Adding())
    await session.close(BUY, BUY)


def asked_again(signal: int, *before: int) -> Play:
    """The strategy is asked more than once on a candle that it has ordered on."""

    async def play(session: Session) -> None:
        await session.close(100, *before, signal)
        for _ in range(2):
            desk = session.desk
            await desk.orchestrator.execute_trading_workflow(
                desk.next_number, "BTCUSDT", kind=CycleKind.SCHEDULED
            )

    return play


def holding_back(asset: str, left: str, *before: int, signal: int) -> Play:
    """Signals while others' orders hold back all but `left` of an asset."""

    async def play(session: Session) -> None:
        await session.close(100, *before)
        session.exchange.held_back[asset] = session.exchange.balances[asset] - Decimal(left)
        await session.close(signal, signal)

    return play


LOSS = closes(BUY, SELL, BUY, BUY)
WITHOUT_SHARES = {"max_symbol_share": WHOLE, "max_total_share": WHOLE, "max_correlated_share": WHOLE}

ENTRIES: dict[str, Scene] = {
    "halted": Scene(controlled(TradingState.HALTED), "resume"),
    "paused": Scene(controlled(TradingState.PAUSED), "resume"),
    "reduce_only": Scene(reduced, "reduce-only --off"),
    "daily_loss": Scene(LOSS, "RISK_DAILY_LOSS_SHARE", {"daily_loss_share": Decimal("0.001")}),
    "drawdown": Scene(LOSS, "RISK_MAX_DRAWDOWN_SHARE", {"max_drawdown_share": Decimal("0.001")}),
    "entries_halted": Scene(controlled(TradingState.ENTRIES_HALTED), "resume"),
    "not_traded": Scene(dropped, "TRADING_SYMBOLS", strategy=Adding, symbols=TWO),
    "unresolved_order": Scene(unanswered(BUY), "looked up in every cycle"),
    "stale_data": Scene(late(BUY), "RISK_MAX_DATA_AGE_SECONDS", {"max_data_age": timedelta(seconds=30)}),
    "warmup": Scene(signals, "CANDLE_HISTORY", strategy=Patient),
    "spread": Scene(with_a_spread, "RISK_MAX_SPREAD_BPS"),
    "price_jump": Scene(jumping, "RISK_MAX_PRICE_JUMP_SHARE", {"max_price_jump_share": Decimal("0.05")}),
    "one_action_per_candle": Scene(asked_again(BUY), "CANDLE_INTERVAL", strategy=Adding),
    "cooldown": Scene(LOSS, "RISK_COOLDOWN_CANDLES", {"cooldown_candles": 10}),
    "loss_cooldown": Scene(LOSS, "RISK_LOSS_COOLDOWN_CANDLES", {"loss_cooldown_candles": 10}),
    "losing_streak": Scene(LOSS, "RISK_MAX_LOSING_STREAK", {"max_losing_streak": 1}),
    "order_rate_minute": Scene(
        signals, "RISK_MAX_ORDERS_PER_MINUTE", {"max_orders_per_minute": 1}, symbols=TWO, strategy=Adding
    ),
    "order_rate_day": Scene(signals, "RISK_MAX_ORDERS_PER_DAY", {"max_orders_per_day": 1}, symbols=TWO),
    "open_positions": Scene(signals, "RISK_MAX_OPEN_POSITIONS", {"max_open_positions": 1}, symbols=TWO),
    "symbol_exposure": Scene(
        signals,
        "RISK_MAX_SYMBOL_SHARE",
        {"max_symbol_share": Decimal("0.05"), "max_correlated_share": WHOLE},
        strategy=Adding,
    ),
    "total_exposure": Scene(
        signals,
        "RISK_MAX_TOTAL_SHARE",
        {"max_total_share": Decimal("0.10"), "max_correlated_share": WHOLE},
        symbols=TWO,
    ),
    "correlation": Scene(
        signals,
        "RISK_MAX_CORRELATED_SHARE",
        {"max_correlated_share": Decimal("0.10"), "correlation_candles": 40},
        symbols=TWO,
    ),
    "free_balance": Scene(holding_back("USDT", "1", signal=BUY), "more cash", WITHOUT_SHARES),
    "lot_size": Scene(signals, "RISK_ORDER_SHARE", {"order_share": Decimal("0.0001")}),
}

EXITS: dict[str, Scene] = {
    "halted": Scene(controlled(TradingState.HALTED, BUY, signal=SELL), "resume"),
    "unresolved_order": Scene(unanswered(SELL, BUY), "looked up in every cycle"),
    "stale_data": Scene(
        late(SELL, BUY), "RISK_MAX_DATA_AGE_SECONDS", {"max_data_age": timedelta(seconds=30)}
    ),
    "one_action_per_candle": Scene(asked_again(SELL, BUY), "CANDLE_INTERVAL", strategy=Adding),
    "position": Scene(holding_back("BTC", "0", BUY, signal=SELL), "what is free at the exchange"),
    "dust": Scene(holding_back("BTC", "0.00001", BUY, signal=SELL), "nothing to set"),
}


@pytest.fixture(scope="module")
def empty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is at the newest schema and holds nothing else: copied, not made again."""
    folder = tmp_path_factory.mktemp("book")
    settings = load_settings({"TRADING_MODE": "simulated", "DATA_DIR": str(folder)}, folder)
    open_store(settings).database.close()
    return folder / "portfolio.db"


@pytest.fixture
async def play(empty_book: Path, tmp_path: Path) -> AsyncIterator[Callable[[Scene], Awaitable[Session]]]:
    played: list[Session] = []

    async def run(scene: Scene) -> Session:
        shutil.copy(empty_book, tmp_path)
        exchange = Crowded(scene.symbols)
        limits = replace(UNRESTRAINED, **scene.limits)
        desk = make_desk(tmp_path, exchange, limits, strategy=scene.strategy())
        played.append(Session(exchange, desk, tmp_path))
        await scene.play(played[-1])
        return played[-1]

    yield run
    for session in played:
        session.desk.store.database.close()


def names_first(session: Session, gate: str, side: str, scene: Scene) -> None:
    found = session.explain()
    assert (found.code, found.reasons[0].code) == (gate, gate), found.headline
    assert found.reasons[0].action == side
    assert found.reasons[0].count >= 2
    said = " ".join((found.headline, *found.remarks))
    assert gate in said or title_of(gate) in said
    assert scene.names in found.changes[0].text
    assert found.changes[0].code == gate
    refused = [row for row in session.desk.decisions if row.blocking_gate is not None]
    assert {row.blocking_gate for row in refused} <= {gate}
    assert [others_that_failed(row.gates) for row in refused] == [()] * len(refused)


@pytest.mark.parametrize("gate", ENTRIES)
async def test_entries_that_one_gate_blocks(gate: str, play: Callable[[Scene], Awaitable[Session]]) -> None:
    names_first(await play(ENTRIES[gate]), gate, "BUY", ENTRIES[gate])


@pytest.mark.parametrize("gate", EXITS)
async def test_exits_that_one_gate_blocks(gate: str, play: Callable[[Scene], Awaitable[Session]]) -> None:
    names_first(await play(EXITS[gate]), gate, "SELL", EXITS[gate])


async def test_no_gate_is_left_out(play: Callable[[Scene], Awaitable[Session]]) -> None:
    session = await play(Scene(closes(BUY, SELL), ""))
    sold, bought, _ = session.desk.decisions
    assert [result.gate for result in bought.gates] == list(ENTRIES)
    # of the quantity that the trader chooses, `dust` has asked before what the size of an exit asks
    assert [result.gate for result in sold.gates] == [*EXITS, "lot_size"]


async def test_a_trade_is_explained_by_its_signal_and_gates(
    play: Callable[[Scene], Awaitable[Session]],
) -> None:
    found = (await play(Scene(closes(BUY, SELL), ""))).explain()
    assert (found.answer, found.funnel.signals, found.funnel.sent, found.funnel.filled) == ("traded", 2, 2, 2)
    sold, bought = found.trades
    assert (bought.side, bought.why, bought.gates_passed) == ("BUY", "the close is 101.0", len(ENTRIES))
    assert (sold.side, sold.values) == ("SELL", {"close": 99.0})
    assert "sold 0.9" in found.headline


async def test_a_decision_is_found_by_the_beginning_of_its_id(
    play: Callable[[Scene], Awaitable[Session]],
) -> None:
    session = await play(Scene(closes(BUY), ""))
    reads, (newest, oldest) = session.desk.store.reads, session.desk.decisions
    assert reads.decision("last") == newest
    assert reads.decision(oldest.id[:12]) == oldest
    assert reads.decision("no-such-id") is None
    with pytest.raises(ConfigurationError, match="several decisions begin with ''"):
        reads.decision("")
