"""What `explain` and `decision` print: whole on 80 columns, and without colours."""

import io

import orjson
import pytest
from rich.console import Console

from binance_trade_agent.domain.decisions import Reason
from binance_trade_agent.domain.explanation import explain
from binance_trade_agent.interfaces.cli.decision import draw_decision
from binance_trade_agent.interfaces.cli.explain import draw_explanation
from binance_trade_agent.interfaces.cli.output import print_json
from tests.fakes import START
from tests.summaries import around, count_of, decision_of, gate, order_of, summary_of

GATES = [
    gate("halted", True, "not HALTED", "RUNNING"),
    gate("spread", False, "50 bps", "61.3 bps", "the spread is 61.3 bps; 50 bps [are] allowed"),
    gate("cooldown", False, "3 candles", "1 candle", "1 candle closed since BTCUSDT was sold"),
]


def screen(width: int = 80) -> Console:
    return Console(width=width, file=io.StringIO(), no_color=True)


def shown(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    text = on.file.getvalue()
    assert max(map(len, text.splitlines())) <= on.width
    return text


def blocked() -> str:
    counts = [
        count_of(
            800, "between_levels", "RSI 41.2 is between 30 and 70", nearest=(0.016, "RSI 1.6 above the entry")
        ),
        count_of(900, "between_levels", "RSI 60 is between 30 and 70", symbol="ETHUSDT"),
        count_of(12, "spread", "the spread is 61.3 bps; 50 bps [are] allowed", gate="spread"),
    ]
    row = decision_of(action="BUY", outcome="refused", gates=GATES)
    on = screen()
    settings = {"RISK_MAX_SPREAD_BPS": "50", "RISK_COOLDOWN_CANDLES": "3"}
    draw_explanation(explain(summary_of(*counts, blocked=[row]), around(settings=settings)), on)
    return shown(on)


def test_an_explanation_has_all_its_parts_in_order() -> None:
    text = " ".join(blocked().split())
    parts = [
        "Why has it not traded? 2026-05-03 09:30:00 to 2026-05-04 09:30:00 UTC",
        "12 BUY signals were stopped by spread (the spread is too wide)",
        "How far decisions came",
        "cycles decided signals allowed sized sent filled",
        "signals: 12 BUY, 0 SELL",
        "what stopped orders that were wanted:",
        "1. BUY spread (the spread is too wide): 12 times, <1 % of decisions; BTCUSDT",
        "why no order was wanted:",
        "2. between_levels: 1,700 times, 99 % of decisions; ETHUSDT, BTCUSDT",
        "Nearest misses",
        "BTCUSDT: RSI 1.6 above the entry, at 09:29:00 UTC",
        "What would have to change",
        "spread (BTCUSDT): RISK_MAX_SPREAD_BPS is 50; it takes at least 61.3",
        "cooldown (BTCUSDT): And then this blocks: 1 candle closed since BTCUSDT was sold. RISK_COOLDOWN_CANDLES",
        "neither alone would have let it pass.",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)
    assert "50 bps [are] allowed" in text


def test_a_trade_is_shown_with_what_it_saw() -> None:
    row = decision_of(
        decision_id="d1",
        action="BUY",
        outcome="placed",
        gates=GATES[:1],
        signal_reasons=(Reason("rsi_crossed_up", "RSI crossed up 30"),),
    )
    on = screen()
    placed = count_of(1, "placed", "sent", action="BUY", outcome="placed")
    found = explain(
        summary_of(placed, orders=[order_of(1)]), around(placed=[row], guards={"BTCUSDT": "stop 95"})
    )
    draw_explanation(found, on)
    text = " ".join(shown(on).split())
    assert "Why did it trade?" in text
    assert "09:25:00 UTC: Bought 0.5 BTCUSDT at 100.4, because RSI crossed up 30; passed 1 gate;" in text
    assert "protection now: stop 95; decision d1." in text
    assert "close 100.5, rsi 31.25" in text


def test_a_hundred_symbols_stay_readable() -> None:
    counts = [count_of(5, "no_cross", "no cross", symbol=f"A{number:03d}USDT") for number in range(100)]
    on = screen()
    draw_explanation(explain(summary_of(*counts), around()), on)
    text = shown(on)
    assert "85 more symbols with --json" in text
    assert len(text.splitlines()) < 60


def test_json_keys_are_those_of_the_documents(capsys: pytest.CaptureFixture[str]) -> None:
    row = decision_of(action="BUY", outcome="refused", gates=GATES)
    counts = [count_of(12, "spread", "wide", gate="spread", nearest=(0.01, "near"))]
    print_json(explain(summary_of(*counts, blocked=[row], orders=[order_of(1)]), around()))
    found = orjson.loads(capsys.readouterr().out)
    assert list(found) == [
        "as_of",
        "since",
        "until",
        "symbol",
        "answer",
        "code",
        "headline",
        "remarks",
        "conditions",
        "funnel",
        "funnels",
        "reasons",
        "nearest_misses",
        "changes",
        "trades",
    ]
    assert (found["answer"], found["code"], found["reasons"][0]["share"]) == ("traded", "spread", "1")
    assert found["nearest_misses"][0]["distance"] == 0.01


def test_a_decision_that_wanted_no_order_says_why_it_has_no_gates() -> None:
    on = screen()
    draw_decision(decision_of(), None, on, START)
    assert "no gate was asked: the strategy wanted no order" in shown(on)


@pytest.mark.parametrize("width", [80, 160])
def test_a_decision_in_full_has_every_gate_with_a_mark(width: int) -> None:
    row = decision_of(
        action="BUY",
        outcome="refused",
        reason=Reason("spread", "the spread is 61.3 bps"),
        gates=GATES,
        signal_reasons=(
            Reason("score_buy", "score +0.60"),
            Reason("vote_rsi", "+1: RSI 28 with limits 30 and 70"),
        ),
    )
    on = screen(width)
    draw_decision(row, order_of(1), on, START)
    text = " ".join(shown(on).split())
    for part in (
        "decision d1 (cycle 9)",
        "BUY by rsi_momentum, strength 1.00",
        "- score +0.60 (score_buy)",
        "- +1: RSI 28 with limits 30 and 70 (vote_rsi)",
        "refused: the spread is 61.3 bps (spread)",
        "close 100.5, rsi 31.25",
        "Gates: 2 of 3 block, first spread",
        "ok halted RUNNING not HALTED",
        "BLOCK spread 61.3 bps 50 bps",
        "BLOCK cooldown 1 candle 3 candles",
        "BUY MARKET FILLED, 0.5 of 0.5 traded at 100.4 (bta-1)",
        "signal 1.2 ms",
    ):
        assert part in text, part
