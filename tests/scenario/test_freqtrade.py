"""freqtrade, a trading bot that was not written for this simulator, trades on it live and unchanged."""

import json
import os
import shutil
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from binance_trade_agent.settings import SIMULATOR_KEY_PAIR
from tests.ccxt_addresses import simulator_addresses, spot_options
from tests.processes import Installation, eventually, installation, running, simulator

# Not for want of a tool: freqtrade is kept out of the locked packages that the other tests use.
pytestmark = pytest.mark.skipif(
    not os.environ.get("FREQTRADE"),
    reason="opt-in by design, even where every other test is required: run `make freqtrade`, "
    "or set FREQTRADE to a freqtrade program and run this file",
)

# Buys both pairs at the first look; sells BTC after a minute, leaves ETH to its stop at the exchange.
STRATEGY = """
from datetime import timedelta

from freqtrade.persistence import Trade
from freqtrade.strategy import IStrategy


class BuyAtOnce(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    startup_candle_count = 20
    minimal_roi = {}
    stoploss = -0.05
    order_types = {"entry": "market", "exit": "market", "stoploss": "limit", "stoploss_on_exchange": True}

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe

    def confirm_trade_entry(self, pair, **kwargs):
        return not Trade.get_trades_proxy(pair=pair)

    def custom_exit(self, pair, trade, current_time, **kwargs):
        held = current_time - trade.date_last_filled_utc
        return "held" if pair == "BTC/USDT" and held > timedelta(minutes=1) else None
"""
SYMBOLS = {"BTC/USDT": "BTCUSDT", "ETH/USDT": "ETHUSDT"}

PROTECTED_WITHIN_S = 90
STOPPED_WITHIN_S = 30
SOLD_WITHIN_S = 150


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    place = installation(tmp_path)
    with simulator(place):
        yield place


@pytest.fixture
def bot(place: Installation) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which(os.environ["FREQTRADE"])
    assert program, f"FREQTRADE={os.environ['FREQTRADE']} is no program"
    (place.folder / "user_data").mkdir()
    (place.folder / "config.json").write_text(json.dumps(_configuration(place)))
    (place.folder / "buy_at_once.py").write_text(STRATEGY)
    options = "trade --config config.json --userdir user_data --logfile freqtrade.log"
    strategy = "--strategy BuyAtOnce --strategy-path ."
    with running(place.start(Path(program).absolute(), *options.split(), *strategy.split())) as process:
        yield process


def test_freqtrade_buys_protects_and_sells(place: Installation, bot: subprocess.Popen[bytes]) -> None:
    eventually(
        lambda: _alive(bot, place) and all(_stops(place, symbol) for symbol in SYMBOLS.values()),
        within_s=PROTECTED_WITHIN_S,
        what="both pairs are bought and have a stop at the exchange",
    )
    bought = [order for order in place.truth("orders") if order["side"] == "BUY"]
    assert sorted((order["symbol"], order["status"]) for order in bought) == [
        ("BTCUSDT", "FILLED"),
        ("ETHUSDT", "FILLED"),
    ]
    _print_trade(place, "ETHUSDT", _stops(place, "ETHUSDT")[0]["stopPrice"])
    eventually(
        lambda: _alive(bot, place) and "ETH/USDT" in _closed(place),
        within_s=STOPPED_WITHIN_S,
        what="freqtrade knows that the stop of ETH was filled",
    )
    eventually(
        lambda: _alive(bot, place) and "BTC/USDT" in _closed(place),
        within_s=SOLD_WITHIN_S,
        what="freqtrade sold its BTC",
    )
    assert _closed(place) == {"ETH/USDT": "stoploss_on_exchange", "BTC/USDT": "held"}
    assert [(o["symbol"], o["side"], o["type"], o["status"]) for o in _by_symbol(place)] == [
        ("BTCUSDT", "BUY", "MARKET", "FILLED"),
        ("BTCUSDT", "SELL", "STOP_LOSS_LIMIT", "CANCELED"),
        ("BTCUSDT", "SELL", "MARKET", "FILLED"),
        ("ETHUSDT", "BUY", "MARKET", "FILLED"),
        ("ETHUSDT", "SELL", "STOP_LOSS_LIMIT", "FILLED"),
    ]
    assert _filled_at_the_exchange(place) == _filled_in_its_book(place)
    assert [line for line in _log(place) if " - ERROR - " in line or " - WARNING - " in line] == []


def _configuration(place: Installation) -> dict[str, Any]:
    host = f"127.0.0.1:{place.environment['SIMULATOR_PORT']}"
    key, secret = SIMULATOR_KEY_PAIR
    return {
        "dry_run": False,
        "initial_state": "running",
        "db_url": f"sqlite:///{_book(place)}",
        "max_open_trades": len(SYMBOLS),
        "stake_currency": "USDT",
        "stake_amount": 1000,
        # freqtrade wants the other side's price where orders are market orders.
        "entry_pricing": {"price_side": "other"},
        "exit_pricing": {"price_side": "other"},
        "exchange": {
            "name": "binance",
            "key": key,
            "secret": secret,
            "ccxt_config": {
                "urls": {"api": simulator_addresses(f"http://{host}", f"ws://{host}")},
                "options": spot_options(),
            },
            "pair_whitelist": list(SYMBOLS),
        },
        "pairlists": [{"method": "StaticPairList"}],
        "internals": {"process_throttle_secs": 1},
    }


def _alive(bot: subprocess.Popen[bytes], place: Installation) -> bool:
    assert bot.poll() is None, place.output
    return True


def _by_symbol(place: Installation) -> list[dict[str, Any]]:
    return sorted(place.truth("orders"), key=lambda order: (order["symbol"], order["orderId"]))


def _stops(place: Installation, symbol: str) -> list[dict[str, Any]]:
    found = [order for order in place.truth("orders") if order["symbol"] == symbol]
    return [order for order in found if (order["type"], order["status"]) == ("STOP_LOSS_LIMIT", "NEW")]


def _print_trade(place: Installation, symbol: str, price: str) -> None:
    url = f"http://127.0.0.1:{place.environment['SIMULATOR_PORT']}/control/trade"
    body = json.dumps({"symbol": symbol, "price": price, "quantity": "0.01"}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:
        assert answer.status == 200


def _filled_at_the_exchange(place: Installation) -> dict[str, Decimal]:
    quantities: dict[str, Decimal] = {}
    for fill in place.truth("fills"):
        order_id = str(fill["orderId"])
        quantities[order_id] = quantities.get(order_id, Decimal(0)) + Decimal(fill["qty"])
    return quantities


def _filled_in_its_book(place: Installation) -> dict[str, Decimal]:
    rows = _rows(place, "SELECT order_id, filled FROM orders WHERE filled > 0")
    return {order_id: Decimal(str(filled)).quantize(Decimal("0.00000001")) for order_id, filled in rows}


def _closed(place: Installation) -> dict[str, str]:
    """Why each trade was closed, by pair."""
    return dict(_rows(place, "SELECT pair, exit_reason FROM trades WHERE NOT is_open"))


def _rows(place: Installation, query: str) -> list[Any]:
    with closing(sqlite3.connect(_book(place))) as book:
        return book.execute(query).fetchall()


def _book(place: Installation) -> Path:
    return place.folder / "freqtrade.db"


def _log(place: Installation) -> list[str]:
    return (place.folder / "freqtrade.log").read_text().splitlines()
