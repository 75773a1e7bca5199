"""Rows of one year of trading as a trader would have stored them: 10 symbols, a cycle each two minutes."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

SYMBOLS = tuple(
    f"{base}USDT" for base in ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "LTC", "LINK", "DOT")
)
TICK_US = 120_000_000
CANDLE_US = 300_000_000
CYCLES = 365 * 720
#: Ticks between two openings of a position of a symbol, and for how many of them it is held.
TRADE_EVERY, TRADE_FOR = 1752, 720
REFUSED_SHARE, NO_DATA_SHARE = 0.09, 0.001
_STAKE = 400.0
_CASH = 10_000.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, Any]

_BLOCKERS = ("cooldown", "spread", "total_exposure", "loss_cooldown", "order_rate_day")
_GATES = (
    ("halted", "not HALTED", "RUNNING", "trading is not halted"),
    ("paused", "not PAUSED", "RUNNING", "trading is not paused"),
    ("daily_loss", "5%", "-0.23%", "since 00:00 UTC 27.88 USDT were gained; 5% of 12500 USDT may be lost"),
    ("drawdown", "20%", "0.13%", "since the best moment 17.48 USDT were lost: 0.13% of 12545.36 USDT"),
    ("entries_halted", "not ENTRIES_HALTED", "RUNNING", "entries are not halted"),
    ("not_traded", "traded", "traded", "the symbol is traded"),
    ("unresolved_order", "none", "none", "no order of the symbol is unresolved"),
    ("stale_data", "430 s", "30.7 s", "the newest candle closed 30.7 s ago; 430 s are allowed"),
    ("warmup", "56 candles", "300 candles", "300 candles closed so far; the strategy wants 56"),
    ("spread", "50 bps", "0.1 bps", "the spread is 0.1 bps; 50 bps are allowed"),
    ("price_jump", "5%", "0.07%", "the middle of the book is 0.07% over the newest close; 5% are allowed"),
    ("one_action_per_candle", "0 orders", "0 orders", "no order was placed on this candle yet"),
    ("cooldown", "3 candles", "5 candles", "5 candles closed since the symbol was sold; 3 are asked for"),
    (
        "loss_cooldown",
        "12 candles",
        "20 candles",
        "20 candles closed since a loss of 2.52 USDT; 12 are asked",
    ),
    ("losing_streak", "no limit", "2 losses", "2 positions in a row were closed at a loss; no limit is set"),
    ("order_rate_minute", "under 6 entries", "1 entry", "1 entry was begun in the last 60 s; 6 are allowed"),
    ("order_rate_day", "under 50 entries", "9 entries", "9 entries were begun since 00:00; 50 are allowed"),
    ("open_positions", "under 5 positions", "2 positions", "2 other positions are open; 5 are allowed"),
    (
        "symbol_exposure",
        "3131.97 USDT",
        "6.45 USDT",
        "0 USDT are held; 25% of equity may be: 3131.97 USDT left",
    ),
    ("total_exposure", "10022.3 USDT", "2508.39 USDT", "2501.94 USDT are held; 80% of equity may be"),
    (
        "correlation",
        "7516.73 USDT",
        "nothing moves along",
        "nothing that is held moves with it (0.80 or more)",
    ),
    ("free_balance", "9976.06 USDT", "6.45 USDT", "10025.94 USDT are free: 9976.06 USDT left"),
    ("lot_size", "0.008 or more", "1.555", "1.555 can be sold again after fees and a fall of 2%"),
)
_ASSESSMENT = {
    "mark": 543,
    "control": {"state": "RUNNING", "reason": "initial", "actor": "system", "since": "2026-01-01T00:00:00Z"},
    "cash": "10025.93742100",
    "reserved_quote": "0",
    "free_quote": "10025.93742100",
    "free_base": "4.84065668",
    "held_in_books": "4.84065668",
    "prices": {"BTCUSDT": "83882.62500000", "ETHUSDT": "2852.18500000"},
    "covered": {},
    "locked": [],
    "dust": [],
    "contributed": "10000.00000000",
    "orders_last_minute": 1,
    "orders_today": 9,
    "is_traded": True,
    "marks": {
        "day": "2026-01-01",
        "day_profit": "0",
        "day_equity": "10000",
        "peak_profit": "45.36",
        "since": "2026-01-01T00:00:00Z",
    },
    "last_traded_candle": "2026-01-01T00:00:00Z",
    "windows": {"BTCUSDT": ["2026-01-01T00:00:00Z", 300], "ETHUSDT": ["2026-01-01T00:00:00Z", 300]},
}


def _gates(blocker: str | None) -> str:
    return json.dumps(
        [
            {"gate": gate, "passed": gate != blocker, "limit": limit, "observed": observed, "text": text}
            for gate, limit, observed, text in _GATES
        ],
        separators=(",", ":"),
    )


_GATES_OF = {blocker: _gates(blocker) for blocker in (None, *_BLOCKERS)}
_ASSESSED = json.dumps(_ASSESSMENT, separators=(",", ":"))


def amount(value: float) -> str:
    """As the exchange writes amounts."""
    return f"{value:.8f}"


@dataclass
class Held:
    """A position that is open, and its number among the symbol's round trips."""

    quantity: float
    cost: float
    opened_us: int
    price: float
    order_id: int


@dataclass
class Year:
    """The year from `begin_us`, one cycle after another. The same numbers always give the same rows."""

    begin_us: int
    rng: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - no secret
    cash: float = _CASH
    realised: float = 0.0
    prices: dict[str, float] = field(
        default_factory=lambda: {symbol: 60_000 / 3**place for place, symbol in enumerate(SYMBOLS)}
    )
    held: dict[str, Held] = field(default_factory=dict)
    trips: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SYMBOLS, 0))
    gained: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SYMBOLS, 0.0))
    trades: int = 0

    def cycle(self, number: int) -> Iterator[tuple[str, Row]]:
        """The rows of one cycle with their tables."""
        at_us = self.begin_us + number * TICK_US
        cycle_id = f"{self.rng.getrandbits(128):032x}"
        for symbol in SYMBOLS:
            self.prices[symbol] *= 1 + self.rng.gauss(0, 0.0006)
        yield "cycles", self._cycle_row(number, cycle_id, at_us)
        is_new = number == 0 or at_us // CANDLE_US != (at_us - TICK_US) // CANDLE_US
        for place, symbol in enumerate(SYMBOLS):
            yield from self._decision(number, place, symbol, cycle_id, at_us + 150_000 + place * 900, is_new)
            if is_new:
                yield "candles", self._candle(symbol, at_us)
        yield "equity", self._equity_row(cycle_id, at_us + 190_000)

    def _cycle_row(self, number: int, cycle_id: str, at_us: int) -> Row:
        return {
            "id": cycle_id,
            "session_id": "year",
            "number": number + 1,
            "kind": "scheduled",
            "symbols": json.dumps(SYMBOLS),
            "scheduled_at": at_us,
            "started_at": at_us + 9000,
            "skipped_ticks": 0,
            "outcome": "completed",
            "control_state": "RUNNING",
            "finished_at": at_us + 200_000,
            "duration_s": 0.191,
            "own_ms": 24.5,
            "unresolved": 0,
        }

    def _equity_row(self, cycle_id: str, at_us: int) -> Row:
        worth = sum(held.quantity * self.prices[symbol] for symbol, held in self.held.items())
        cost = sum(held.cost for held in self.held.values())
        return {
            "cycle_id": cycle_id,
            "at": at_us,
            "quote": "USDT",
            "cash": amount(self.cash),
            "positions_value": amount(worth),
            "realised": amount(self.realised),
            "unrealised": amount(worth - cost),
            "contributed": amount(_CASH),
        }

    def _candle(self, symbol: str, at_us: int) -> Row:
        price, open_us = self.prices[symbol], at_us // CANDLE_US * CANDLE_US - CANDLE_US
        return {
            "symbol": symbol,
            "interval": "5m",
            "open_time": open_us,
            "close_time": open_us + CANDLE_US,
            "open": amount(price * 0.9995),
            "high": amount(price * 1.001),
            "low": amount(price * 0.999),
            "close": amount(price),
            "volume": amount(self.rng.uniform(1, 900)),
        }

    def _decision(
        self, number: int, place: int, symbol: str, cycle_id: str, at_us: int, is_new: bool
    ) -> Iterator[tuple[str, Row]]:
        row = self._held_row(symbol, cycle_id, at_us, is_new)
        turn = (number - place * 150) % TRADE_EVERY
        if number >= place * 150 and turn in {0, TRADE_FOR}:
            side = "BUY" if turn == 0 else "SELL"
            if side == "BUY" or symbol in self.held:
                self._approve(row, side)
                row |= {"outcome": "placed", "reason_code": "placed", "reason": f"{side} {symbol}: FILLED"}
                row["client_order_id"] = f"bta-{row['id'][:24]}"
                yield "decisions", row
                yield from self._trade(symbol, side, row, at_us + 12_000)
                return
        elif is_new:
            chance = self.rng.random()
            if chance < REFUSED_SHARE:
                blocker = _BLOCKERS[int(chance / REFUSED_SHARE * len(_BLOCKERS))]
                self._approve(row, "BUY")
                row |= {"outcome": "refused", "reason_code": blocker, "reason": f"{blocker}: not yet"}
                row |= {"blocking_gate": blocker, "gates": _GATES_OF[blocker]}
            elif chance < REFUSED_SHARE + NO_DATA_SHARE:
                row |= {"outcome": "no_data", "reason_code": "unavailable", "reason": "no answer in 10 s"}
                row |= {"strategy": None, "action": None, "strength": None, "inputs": None, "price": None}
                row |= {"nearest_miss": None, "miss_distance": None}
        yield "decisions", row

    def _held_row(self, symbol: str, cycle_id: str, at_us: int, is_new: bool) -> Row:
        price = self.prices[symbol]
        rsi = 20 + 60 * self.rng.random()
        code = ("hold" if rsi < 50 else "no_cross") if is_new else "no_new_candle"
        text = f"RSI14 {rsi:.1f}: nothing to do" if is_new else "no 5m candle closed since the last decision"
        values = (
            f'{{"close":{price:.8f},"rsi":{rsi!r},"ema_fast":{price * 1.0003!r},"ema_slow":{price * 0.9996!r},'
            f'"macd":{price * 0.0002!r},"macd_signal":{price * 0.0001!r},"bb_upper":{price * 1.02!r},'
            f'"bb_lower":{price * 0.98!r},"adx":21.5,"atr":{price * 0.003!r}}}'
        )
        observed = (_EPOCH + timedelta(microseconds=at_us)).isoformat()
        return {
            "id": f"{self.rng.getrandbits(128):032x}",
            "cycle_id": cycle_id,
            "symbol": symbol,
            "decided_at": at_us,
            "outcome": "held",
            "reason_code": code,
            "reason": text,
            "strategy": "combined_default",
            "action": "HOLD",
            "strength": 0.0,
            "signal_reasons": f'[{{"code":"{code}","text":"{text}"}}]',
            "signal_values": values if is_new else "{}",
            "signal_candle": at_us // CANDLE_US * CANDLE_US,
            "signal_share": "1",
            "gates": "[]",
            "blocking_gate": None,
            "nearest_miss": f"RSI14 {rsi - 20:.1f} above the entry" if is_new else None,
            "miss_distance": round((rsi - 20) / 100, 12) if is_new else None,
            "price": amount(price),
            "first_candle": at_us // CANDLE_US * CANDLE_US - CANDLE_US if is_new else None,
            "last_candle": at_us // CANDLE_US * CANDLE_US - CANDLE_US if is_new else None,
            "candles_seen": int(is_new),
            "client_order_id": None,
            "step_ms": '{"signal":1.66}',
            "inputs": (
                f'{{"observed_at":"{observed}","newest_candle":"{observed}","window":300,"new_candles":1,'
                f'"bid":"{price:.8f}","bid_quantity":"1.85120000","ask":"{price:.8f}",'
                f'"ask_quantity":"1.57770000","rules":"{symbol}-9edfb0fe3db2","mark":543}}'
            ),
            "scheduled": 1,
        }

    def _approve(self, row: Row, action: str) -> None:
        """Let a row say what one that came before the gates says."""
        row |= {"action": action, "strength": 0.8, "gates": _GATES_OF[None], "nearest_miss": None}
        row |= {"miss_distance": None, "step_ms": '{"signal":0.347,"risk":3.528,"execution":36.121}'}
        row["inputs"] = f'{row["inputs"][:-1]},"assessment":{_ASSESSED}}}'

    def _trade(self, symbol: str, side: str, decision: Row, at_us: int) -> Iterator[tuple[str, Row]]:
        self.trades += 1
        price, base = self.prices[symbol], symbol.removesuffix("USDT")
        if side == "BUY":
            quantity = round(_STAKE / price, 6)
            fee, fee_asset = quantity * 0.001, base
            self.held[symbol] = Held(quantity - fee, quantity * price, at_us, price, self.trades)
            self.trips[symbol] += 1
            self.cash -= quantity * price
        else:
            held = self.held.pop(symbol)
            quantity = held.quantity
            fee, fee_asset = quantity * price * 0.001, "USDT"
            gain = quantity * price - fee - held.cost
            self.cash += quantity * price - fee
            self.realised += gain
            self.gained[symbol] += gain
            yield "round_trips", self.trip_row(symbol, held, at_us, gain)
        worth = quantity * price
        yield "orders", self._order_row(decision, side, quantity, worth, at_us)
        yield (
            "fills",
            {
                "symbol": symbol,
                "trade_id": self.trades,
                "client_order_id": decision["client_order_id"],
                "exchange_order_id": self.trades,
                "side": side,
                "price": amount(price),
                "quantity": amount(quantity),
                "quote_quantity": amount(worth),
                "commission": amount(fee),
                "commission_asset": fee_asset,
                "is_maker": 0,
                "traded_at": at_us,
            },
        )
        sign = 1 if side == "BUY" else -1
        for kind, asset, change in (
            ("fill", base, sign * quantity),
            ("fill", "USDT", -sign * worth),
            ("commission", fee_asset, -fee),
        ):
            yield "flows", self._flow_row(kind, asset, change, symbol, at_us)

    def trip_row(self, symbol: str, held: Held, closed_us: int | None, gain: float) -> Row:
        """A round trip, closed or still open."""
        return {
            "symbol": symbol,
            "number": self.trips[symbol],
            "opened_at": held.opened_us,
            "first_price": amount(held.price),
            "last_entry_price": amount(held.price),
            "last_entry_at": held.opened_us,
            "last_order_id": held.order_id,
            "entries": 1,
            "exits": int(closed_us is not None),
            "peak": amount(held.quantity),
            "realised": amount(gain),
            "closed_at": closed_us,
        }

    def _order_row(self, decision: Row, side: str, quantity: float, worth: float, at_us: int) -> Row:
        return {
            "client_order_id": decision["client_order_id"],
            "decision_id": decision["id"],
            "purpose": "entry" if side == "BUY" else "exit",
            "client_list_id": None,
            "symbol": decision["symbol"],
            "side": side,
            "order_type": "MARKET",
            "quantity": amount(quantity),
            "price": None,
            "stop_price": None,
            "time_in_force": None,
            "expires_at": None,
            "reference_price": decision["price"],
            "candle": decision["last_candle"],
            "timestamp_ms": at_us // 1000,
            "recv_window_ms": 5000,
            "status": "FILLED",
            "exchange_status": "FILLED",
            "exchange_order_id": self.trades,
            "executed": amount(quantity),
            "quote_executed": amount(worth),
            "reason": "",
            "created_at": at_us - 8000,
            "updated_at": at_us,
        }

    def _flow_row(self, kind: str, asset: str, change: float, symbol: str | None, at_us: int) -> Row:
        return {
            "kind": kind,
            "asset": asset,
            "amount": amount(change),
            "symbol": symbol,
            "trade_id": self.trades if symbol else None,
            "reference": None,
            "reason": "",
            "at": at_us,
        }

    def opening(self) -> Row:
        """The flow that began the book."""
        return self._flow_row("opening", "USDT", _CASH, None, self.begin_us - 1_000_000)
