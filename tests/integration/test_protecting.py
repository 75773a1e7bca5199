"""Stops and targets that a person asks for, over a real database and an exchange in memory."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.control.commands import CommandRunner
from binance_trade_agent.control.steering import Steering
from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.errors import OutcomeUnknown, Refused, Unavailable
from binance_trade_agent.domain.orders import ExchangeOrder, OrderType, Side
from binance_trade_agent.domain.protection import AskedLevels, ProtectionPlan
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from binance_trade_agent.orchestrator import OrderRequest
from tests.desk import DeskUnderTest, booked_equals_held, make_desk
from tests.fake_exchange import FakeExchange
from tests.fakes import FakeLauncher, FakeLease

PLAN = ProtectionPlan(stop_share=Decimal("0.05"), target_share=Decimal("0.10"))
SYMBOL = "BTCUSDT"
DONE, REFUSED, FAILED = CommandStatus.DONE, CommandStatus.REFUSED, CommandStatus.FAILED


class Room:
    """A trader's side (`runner`) and a person's (`steering`) of one book."""

    def __init__(self, desk: DeskUnderTest) -> None:
        self.desk, self.exchange = desk, desk.exchange
        self.steering = Steering(desk.store.control, FakeLease(), FakeLauncher(), desk.clock)
        self.runner = CommandRunner(
            desk.store.control,
            desk.orchestrator,
            desk.clock,
            lambda: desk.next_number,
            desk.store.ledger,
            desk.store.journal,
        )

    async def buy(self, quantity: str = "0.5") -> None:
        request = OrderRequest(side=Side.BUY, quantity=Decimal(quantity))
        await self.desk.orchestrator.execute_trading_workflow(self.desk.next_number, SYMBOL, request=request)

    async def protect(
        self, stop: str | None = None, target: str | None = None, key: str | None = None
    ) -> CommandResult:
        asked = asyncio.create_task(
            self.steering.protect(
                SYMBOL,
                stop_price=None if stop is None else Decimal(stop),
                target_price=None if target is None else Decimal(target),
                actor="ann",
                channel="cli",
                reason="news",
                idempotency_key=key,
            )
        )
        while not asked.done():
            await asyncio.sleep(0)
            if await self.runner.run_next() is None:
                self.desk.clock.advance(1)
        return await asked

    def asked(self) -> AskedLevels | None:
        return self.desk.store.ledger.asked_levels().get(SYMBOL)

    def resting(self) -> list[ExchangeOrder]:
        return [order for order in self.exchange.orders.values() if not order.status.is_terminal]

    def levels(self) -> tuple[list[str], list[str]]:
        """Stops and targets at the exchange."""
        stops = [str(order.stop_price) for order in self.resting() if order.order_type is OrderType.STOP_LOSS]
        return stops, [
            str(order.price) for order in self.resting() if order.order_type is OrderType.LIMIT_MAKER
        ]

    def audit(self) -> AuditRow:
        return next(row for row in self.desk.store.reads.audit() if row.action == "protect")

    async def candle(self, close: int) -> None:
        self.exchange.close_candle(close)
        await self.desk.cycle()

    @property
    def sold(self) -> list[Decimal]:
        return [intent.quantity for intent in self.exchange.sent if intent.order_type is OrderType.MARKET][1:]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = make_desk(tmp_path, protection=PLAN)
    yield Room(made)
    made.store.database.close()


async def test_a_stop_is_moved_in_one_request_and_the_target_is_watched_from_then_on(room: Room) -> None:
    await room.buy()
    result = await room.protect(stop="97")
    assert result.status is DONE, result.text
    assert room.levels() == (["97"], [])
    assert room.exchange.calls.count("replace") == 1
    levels = "stop rests at 97, target 110.12 is watched in each cycle"
    assert result.text == f"{levels}; the target has left the exchange: only a trader that runs sells there"
    assert room.asked() == AskedLevels(Decimal(97), None)
    row = room.audit()
    assert (row.actor, row.channel, row.reason, row.outcome) == ("ann", "cli", "news", "done")
    assert row.before == "stop rests at 95.09, target rests at 110.12"
    assert row.after == levels
    for close in (100, 102, 98):
        await room.candle(close)
    assert room.exchange.calls.count("replace") == 1
    await room.candle(111)
    assert (room.sold, room.resting()) == ([Decimal("0.4995")], [])
    assert room.asked() is None
    assert booked_equals_held(room.desk)


async def test_a_target_is_moved_without_a_moment_without_the_stop(room: Room) -> None:
    await room.buy()
    result = await room.protect(target="105")
    assert result.status is DONE, result.text
    assert room.levels() == (["95.09"], [])
    assert result.text.startswith(
        "stop rests at 95.09, target 105 is watched in each cycle; the target has left"
    )
    await room.candle(106)
    assert room.sold == [Decimal("0.4995")]
    assert room.desk.decisions[0].signal_reasons[0].code == "take_profit"
    assert room.asked() is None


async def test_what_is_not_named_stays_as_it_was_asked_for(room: Room) -> None:
    await room.buy()
    await room.protect(stop="97")
    await room.protect(target="120")
    assert room.asked() == AskedLevels(Decimal(97), Decimal(120))
    result = await room.protect(stop="96")
    assert result.text == (
        "stop rests at 96, target 120 is watched in each cycle;"
        " the target is not at the exchange: only a trader that runs sells there"
    )


async def test_taken_back_the_settings_levels_rest_again(room: Room) -> None:
    await room.buy()
    await room.protect(stop="97", target="120")
    result = await room.protect()
    assert result.status is DONE, result.text
    assert result.text == (
        "the settings' levels hold again; stop rests at 95.09, target 110.12 is watched in each cycle;"
        " the target does not come back to the exchange for this position: only a trader that runs sells there"
    )
    assert room.asked() is None
    assert room.levels() == (["95.09"], [])


async def test_levels_of_the_settings_that_the_price_has_passed_are_not_taken_back_to(room: Room) -> None:
    await room.buy()
    await room.protect(stop="80", target="150")
    room.exchange.move_to(90)
    result = await room.protect()
    assert result.status is REFUSED
    assert result.text.startswith("the settings' stop 95.09 is not below the bid 90: it would sell at once")
    room.exchange.move_to(120)
    assert (await room.protect()).text.startswith("the settings' target 110.12 is not above the bid 120")
    assert room.asked() == AskedLevels(Decimal(80), Decimal(150))


async def test_taken_back_what_a_change_of_settings_left_behind_is_moved(room: Room, tmp_path: Path) -> None:
    await room.buy()
    other = ProtectionPlan(stop_share=Decimal("0.02"), target_share=Decimal("0.10"))
    again = Room(make_desk(tmp_path, room.exchange, protection=other))
    await again.desk.cycle()
    assert again.levels() == (["95.09"], ["110.12"])
    result = await again.protect()
    assert result.text == (
        "the settings' levels hold again; stop rests at 98.09, target 110.12 is watched in each cycle;"
        " the target has left the exchange: only a trader that runs sells there"
    )
    again.desk.store.database.close()


async def test_taken_back_where_the_settings_want_nothing_nothing_rests(tmp_path: Path) -> None:
    room = Room(make_desk(tmp_path, protection=ProtectionPlan()))
    await room.buy()
    assert room.resting() == []
    result = await room.protect(stop="95", target="110")
    assert result.text == "stop rests at 95, target rests at 110"
    result = await room.protect()
    assert (result.status, result.text) == (DONE, "the settings' levels hold again; no stop, no target")
    assert room.resting() == []
    assert room.asked() is None
    room.desk.store.database.close()


async def test_a_target_alone_is_replaced_by_a_target_and_by_a_stop_that_is_asked_for(tmp_path: Path) -> None:
    room = Room(make_desk(tmp_path, protection=ProtectionPlan(target_share=Decimal("0.10"))))
    await room.buy()
    assert room.levels() == ([], ["110.12"])
    result = await room.protect(target="105")
    assert (result.status, room.levels()) == (DONE, ([], ["105"]))
    result = await room.protect(stop="90")
    assert result.text.startswith(
        "stop rests at 90, target 105 is watched in each cycle; the target has left"
    )
    assert room.exchange.calls.count("cancel") == 0
    result = await room.protect()
    assert (result.status, room.levels()) == (DONE, ([], ["110.12"]))
    room.desk.store.database.close()


async def test_every_cover_is_moved_and_what_is_bought_later_gets_the_same_levels(room: Room) -> None:
    await room.buy()
    room.exchange.close_candle(102)
    await room.buy()
    assert len(room.resting()) == 4
    result = await room.protect(stop="98")
    assert (result.status, room.levels()) == (DONE, (["98", "98"], []))
    await room.buy()
    assert room.levels()[0] == ["98", "98", "98"]
    assert sum(order.quantity for order in room.resting() if order.order_type is OrderType.STOP_LOSS) == (
        Decimal("0.4995") * 3
    )


async def test_prices_off_the_tick_are_rounded_outwards_and_it_is_said(room: Room) -> None:
    await room.buy()
    result = await room.protect(stop="97.129", target="120.001")
    assert result.text.startswith(
        "the stop 97.129 is rounded to the tick 97.12; the target 120.001 is rounded to the tick 120.01; stop rests"
    )
    assert room.levels()[0] == ["97.12"]


@pytest.mark.parametrize(
    ("stop", "target", "told"),
    [
        ("100", None, "the stop 100 is not below the bid 100: it would sell at once"),
        (None, "100", "the target 100 is not above the bid 100: it would sell at once"),
        ("0.001", None, "the stop 0 is below 0.01, the least price of the symbol"),
    ],
)
async def test_levels_that_would_sell_at_once_are_refused(
    room: Room, stop: str | None, target: str | None, told: str
) -> None:
    await room.buy()
    result = await room.protect(stop=stop, target=target)
    assert result.status is REFUSED
    assert result.text.startswith(told)
    assert (room.asked(), len(room.resting())) == (None, 2)
    assert room.audit().outcome == "refused"


async def test_it_is_refused_where_nothing_can_be_protected(room: Room) -> None:
    assert (await room.protect(stop="90")).text.startswith("nothing of BTCUSDT is held")
    await room.buy()
    await room.desk.orchestrator.execute_trading_workflow(
        room.desk.next_number, SYMBOL, request=OrderRequest(side=Side.SELL)
    )
    await room.buy("0.0500")
    room.steering.halt("fire", actor="bob")
    result = await room.protect(stop="90")
    assert result.status is REFUSED
    assert result.text.startswith("trading is halted by bob (fire)")


async def test_a_refusal_of_the_exchange_leaves_the_old_cover_and_the_old_levels(room: Room) -> None:
    await room.buy()
    await room.protect(stop="96")
    room.exchange.errors["replace"] = Refused(-1013, "Filter failure: PERCENT_PRICE")
    result = await room.protect(stop="97")
    assert result.status is FAILED
    assert "PERCENT_PRICE" in result.text
    assert result.text.endswith(
        "nothing was changed: stop rests at 96, target 110.12 is watched in each cycle"
    )
    assert (room.asked(), room.levels()) == (AskedLevels(Decimal(96), None), (["96"], []))
    assert room.audit().outcome == "failed"
    room.exchange.errors.clear()
    # another price need not wait
    assert (await room.protect(stop="97.5")).status is DONE


async def test_a_cover_that_is_lost_on_the_way_is_put_back_at_the_earlier_levels(room: Room) -> None:
    await room.buy()
    room.exchange.refused_half = Refused(-2010, "Market is closed.")
    result = await room.protect(stop="97")
    assert result.status is FAILED
    assert (room.asked(), room.levels()) == (None, (["95.09"], ["110.12"]))
    assert "nothing was changed: stop rests at 95.09, target rests at 110.12" in result.text


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_lost_answer_is_told_and_the_next_cycles_end_it(room: Room, *, arrived: bool) -> None:
    await room.buy()
    if arrived:
        room.exchange.lost_answer = OutcomeUnknown("timeout")
    else:
        room.exchange.errors["replace"] = OutcomeUnknown("reset")
    result = await room.protect(stop="97")
    assert result.status is FAILED
    assert "is not known yet" in result.text
    assert room.asked() == AskedLevels(Decimal(97), None)
    assert (await room.protect(stop="96")).status is REFUSED
    room.exchange.lost_answer = None
    room.exchange.errors.clear()
    for _ in range(3):
        await room.candle(100)
    assert room.levels() == (["97"], [])
    assert room.exchange.calls.count("replace") == (1 if arrived else 2)


async def test_an_exchange_that_cannot_be_reached_changes_nothing(room: Room) -> None:
    await room.buy()
    room.exchange.errors["book_tops"] = Unavailable("no route")
    assert (await room.protect(stop="97")).status is FAILED
    room.exchange.errors = {"replace": Unavailable("no route")}
    assert (await room.protect(stop="97")).status is FAILED
    assert (room.asked(), len(room.resting())) == (None, 2)


async def test_a_halt_in_between_sends_nothing_and_takes_the_levels_back(room: Room) -> None:
    await room.buy()

    class Halting(FakeExchange):
        async def account(self):  # type: ignore[no-untyped-def]
            room.steering.halt("fire", actor="bob")
            return await super().account()

    room.exchange.__class__ = Halting
    result = await room.protect(stop="97")
    assert result.status is FAILED
    assert result.text.startswith("trading was halted in between by bob (fire)")
    assert (room.asked(), len(room.resting())) == (None, 2)
    assert room.exchange.calls.count("replace") == 0


async def test_the_same_key_moves_once(room: Room) -> None:
    await room.buy()
    first = await room.protect(stop="97", key="k")
    await room.protect(stop="96")
    again = await room.protect(stop="97", key="k")
    assert (again, again.repeated) == (first, True)
    assert room.levels() == (["96"], [])


async def test_levels_that_a_killed_process_stored_are_carried_out_by_the_next(
    room: Room, tmp_path: Path
) -> None:
    await room.buy()

    class Killed(BaseException):
        pass

    class Dying(FakeExchange):
        async def account(self):  # type: ignore[no-untyped-def]
            raise Killed

    room.exchange.__class__ = Dying
    with pytest.raises(Killed):
        await room.protect(stop="97", key="k")
    room.exchange.__class__ = FakeExchange
    again = make_desk(tmp_path, room.exchange, protection=PLAN)
    again.store.control.close_interrupted(again.clock.now())
    await again.cycle()
    assert room.levels() == (["97"], [])
    assert room.audit().outcome == "failed"
    again.store.database.close()


async def test_a_trailing_stop_raises_what_was_asked_for_and_is_not_lowered(tmp_path: Path) -> None:
    plan = ProtectionPlan(trailing_share=Decimal("0.05"))
    room = Room(make_desk(tmp_path, protection=plan))
    await room.buy()
    assert room.levels() == (["95.00"], [])
    assert (await room.protect(stop="94")).text.startswith("the trailing stop already rests at 95")
    assert (await room.protect(stop="97")).status is DONE
    await room.candle(110)
    assert room.levels() == (["104.50"], [])
    await room.candle(107)
    assert room.levels() == (["104.50"], [])
    room.desk.store.database.close()


async def test_a_symbol_that_takes_no_replacements_keeps_what_rests(room: Room) -> None:
    await room.buy()

    class Plain(FakeExchange):
        async def rules(self, symbols):  # type: ignore[no-untyped-def]
            found = await super().rules(symbols)
            return {name: replace(rules, cancel_replace_allowed=False) for name, rules in found.items()}

    room.exchange.__class__ = Plain
    result = await room.protect(stop="97")
    assert result.status is FAILED
    assert "takes no replacements of orders" in result.text
    assert (room.asked(), len(room.resting())) == (None, 2)


async def test_a_target_beyond_the_price_band_is_refused(room: Room) -> None:
    await room.buy()

    class Narrow(FakeExchange):
        async def rules(self, symbols):  # type: ignore[no-untyped-def]
            found = await super().rules(symbols)
            band = (Decimal("0.5"), Decimal("1.5"))
            return {name: replace(rules, sell_price_band=band) for name, rules in found.items()}

    room.exchange.__class__ = Narrow
    result = await room.protect(target="150")
    assert (result.status, room.asked()) == (REFUSED, None)
    assert result.text.startswith("the exchange takes no target above 147 now")
