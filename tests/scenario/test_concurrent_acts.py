"""Many ask the real trader for workflows at once, from four processes and two kinds of client: nothing happens twice.

`CONCURRENT_CALLS` sets how many calls; unset it is a short form of 40, and 200 is the long one.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from binance_trade_agent.control.watching import Watch
from binance_trade_agent.domain.exit_codes import ExitCode
from tests.books import check_books
from tests.processes import (
    ROOT,
    Installation,
    eventually,
    free_port,
    installation,
    mcp_server,
    running,
    simulator,
)
from tests.workflow_calls import Answer, Call, over_mcp

CALLS = int(os.environ.get("CONCURRENT_CALLS", "40"))
SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT")
ENOUGH = {"BTCUSDT": "0.005", "ETHUSDT": "0.1", "BNBUSDT": "0.5", "SOLUSDT": "2"}
MOST_POSITIONS = 2
MOST_A_MINUTE = 6
SYMBOL_SHARE = Decimal("0.1")
SLACK = Decimal("1.02")
#: A remainder worth less cannot be sold, and is no position.
DUST = Decimal(5)
LIMITS = {
    "TRADING_SYMBOLS": ",".join(SYMBOLS),
    "STRATEGY_NAME": "buy_and_hold",
    "CANDLE_INTERVAL": "1s",
    "TRADING_INTERVAL_SECONDS": "3",
    "RISK_ORDER_SHARE": "0.05",
    "RISK_MAX_SYMBOL_SHARE": str(SYMBOL_SHARE),
    "RISK_MAX_OPEN_POSITIONS": str(MOST_POSITIONS),
    "RISK_MAX_ORDERS_PER_MINUTE": str(MOST_A_MINUTE),
    "RISK_COOLDOWN_CANDLES": "0",
    "RISK_LOSS_COOLDOWN_CANDLES": "0",
    "RISK_MAX_LOSING_STREAK": "0",
    "MCP_CALLS_PER_MINUTE": "10000",
}


def planned_calls(count: int) -> list[Call]:
    """Every fifth shares its key with others that mean the same; two in ten contest one key with two meanings."""
    calls = []
    for number in range(count):
        symbol = SYMBOLS[number // 5 % len(SYMBOLS)]
        quantity, side, key = ENOUGH[symbol], None, f"own-{number}"
        match number % 10:
            case 0 | 5:
                shared = number // 5 % len(SYMBOLS)
                calls.append(Call(SYMBOLS[shared], f"shared-{shared}", ENOUGH[SYMBOLS[shared]], "BUY"))
                continue
            case 1 | 6:
                side = "BUY"
            case 2 | 7:
                side = "SELL"
            case 3:
                side, quantity = "BUY", "1000"
            case 4:
                calls.append(Call("BTCUSDT", "contested", None, "BUY" if number % 20 == 4 else "SELL"))
                continue
        calls.append(Call(symbol, key, quantity if side else None, side))
    return calls


def asked_through_a_process(place: Installation, name: str, calls: Sequence[Call]) -> list[Answer]:
    """The answers to `calls`, made by a process of its own through its own desk."""
    path = place.folder / f"{name}.json"
    path.write_text(json.dumps([asdict(call) for call in calls]))
    ended = place.run(sys.executable, "-m", "tests.workflow_calls", path, within_s=120, PYTHONPATH=str(ROOT))
    assert ended.returncode == 0, ended.stderr
    return [Answer(**answer) for answer in json.loads(ended.stdout)]


def asked(places: Sequence[Installation], calls: Sequence[Call]) -> list[Answer]:
    """The answers to `calls`, all asked at once: a quarter over each of two servers, or by each of two processes."""
    token = (places[0].settings.data_dir / "secrets" / "mcp_token").read_text().strip()
    urls = [f"http://127.0.0.1:{place.environment['MCP_PORT']}/mcp" for place in places]
    with ThreadPoolExecutor(4) as pool:
        asking = [
            *(
                pool.submit(asyncio.run, over_mcp(url, token, calls[number::4], clients=4))
                for number, url in enumerate(urls)
            ),
            pool.submit(asked_through_a_process, places[0], "first", calls[2::4]),
            pool.submit(asked_through_a_process, places[0], "second", calls[3::4]),
        ]
        return [answer for each in asking for answer in each.result()]


def asked_until_answered(places: Sequence[Installation], calls: Sequence[Call]) -> list[Answer]:
    """The answers to `calls`; those that were told to ask again with their keys did so."""
    answered: list[Answer] = []
    for _ in range(5):
        answers = asked(places, calls)
        waiting = [answer.key for answer in answers if answer.status == "pending"]
        answered += [answer for answer in answers if answer.status != "pending"]
        calls = [next(call for call in calls if call.key == key) for key in waiting]
        if not calls:
            return answered
    raise AssertionError(f"never answered: {calls}")


def check_answers(calls: Sequence[Call], answers: Sequence[Answer]) -> None:
    """Each call has an answer; one key came to one decision."""
    assert Counter(answer.key for answer in answers) == Counter(call.key for call in calls)
    statuses = Counter(answer.status for answer in answers)
    assert set(statuses) <= {"done", "refused", "bad_argument"}, statuses
    assert all(answer.text for answer in answers)
    of_key = defaultdict(list)
    for answer in answers:
        of_key[answer.key].append(answer)
    for key, same in of_key.items():
        taken = [answer for answer in same if answer.status != "bad_argument"]
        assert [answer.repeated for answer in taken].count(False) <= 1, (key, taken)
        assert len({answer.details["decision_id"] for answer in taken if answer.details}) <= 1
        if key != "contested":
            assert taken == same, same
    refused = [answer for answer in of_key["contested"] if answer.status == "bad_argument"]
    assert refused
    assert all("was used for another command" in answer.text for answer in refused)


def check_orders(watch: Watch) -> None:
    """No decision has two orders; the orders that were begun keep every limit."""
    orders = sorted(watch.orders(limit=10_000), key=lambda order: order.created_at)
    decided = Counter(order.decision_id for order in orders if order.purpose in ("entry", "exit"))
    assert set(decided.values()) == {1}, decided
    begun = [order.created_at for order in orders if order.side == "BUY"]
    for moment in begun:
        assert sum(moment - timedelta(minutes=1) < at <= moment for at in begun) <= MOST_A_MINUTE
    equity = max(row.total for row in watch.equity(limit=10_000))
    held: dict[str, Decimal] = defaultdict(Decimal)
    prices: dict[str, Decimal] = {}
    for fill in sorted(watch.fills(limit=10_000), key=lambda fill: fill.traded_at):
        held[fill.symbol] += fill.quantity if fill.side == "BUY" else -fill.quantity
        prices[fill.symbol] = fill.price
        worth = {symbol: amount * prices[symbol] for symbol, amount in held.items()}
        assert sum(value > DUST for value in worth.values()) <= MOST_POSITIONS, worth
        assert max(worth.values()) <= SYMBOL_SHARE * equity * SLACK, worth


def cycles(place: Installation) -> int:
    with place.desk() as desk:
        return desk.watch.status().cycles


def test_many_at_once_trade_nothing_twice_and_keep_the_limits(tmp_path: Path) -> None:
    place = installation(tmp_path, LIMITS)
    calls = planned_calls(CALLS)
    other = replace(place, environment={**place.environment, "MCP_PORT": str(free_port())})
    with simulator(place), mcp_server(place), mcp_server(other):
        with running(place.trader()) as trader:
            eventually(lambda: place.truth("orders"), within_s=120, what="a first order")
            answers = asked_until_answered((place, other), calls)
            before = cycles(place)
            eventually(lambda: cycles(place) > before + 2, within_s=120, what="cycles after the calls")
            trader.send_signal(signal.SIGTERM)
            assert trader.wait(60) == ExitCode.SIGTERM, place.output
        check_answers(calls, answers)
        with place.desk() as desk:
            check_orders(desk.watch)
            placed = [answer for answer in answers if answer.details.get("client_order_id")]
            assert placed, Counter(answer.text for answer in answers)
            check_books(place, desk.watch)
