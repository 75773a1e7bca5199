"""The reads that people's and programs' interfaces make, each with a name."""

from collections.abc import Callable
from datetime import timedelta

from binance_trade_agent.bootstrap.desk import Desk
from binance_trade_agent.domain.history_rows import DecisionFilter, OrderFilter, TripFilter
from binance_trade_agent.domain.performance import Grouping

_SYMBOL = "BTCUSDT"


def reads_of(desk: Desk) -> list[tuple[str, Callable[[], object]]]:
    """All of them."""
    return [*_watching(desk), *_explaining(desk), *_performances(desk), *_looking_up(desk)]


def _watching(desk: Desk) -> list[tuple[str, Callable[[], object]]]:
    watch = desk.watch
    newest = watch.decisions(limit=1)[0].id
    return [
        ("status", watch.status),
        ("protection", watch.protection),
        ("risk state", desk.risk.risk_state),
        ("positions and balances", lambda: (watch.positions(), watch.balances())),
        ("last price", lambda: watch.last_price(_SYMBOL)),
        ("orders, 200", lambda: watch.orders(limit=200)),
        ("orders of a symbol, 200", lambda: watch.orders(limit=200, symbol=_SYMBOL)),
        ("fills, 200", lambda: watch.fills(limit=200, symbol=_SYMBOL)),
        ("cycles, 200", lambda: watch.cycles(limit=200)),
        ("decisions, 100", lambda: watch.decisions(limit=100)),
        ("decisions of a symbol, 100", lambda: watch.decisions(limit=100, symbol=_SYMBOL)),
        ("refusals, 100", lambda: watch.decisions(limit=100, outcome="refused")),
        ("refusals of a symbol, 100", lambda: watch.decisions(limit=100, symbol=_SYMBOL, outcome="refused")),
        ("decision by id", lambda: watch.decision(newest)),
        ("decision by beginning", lambda: watch.decision(newest[:8])),
        ("equity, 500", lambda: watch.equity(limit=500)),
        ("flows and cancels", lambda: (watch.flows(limit=50), watch.cancels(limit=50))),
        ("audit, 200", lambda: watch.audit(limit=200)),
        ("audit of 30 d, 200", lambda: watch.audit(limit=200, since=watch.now() - timedelta(days=30))),
    ]


def _explaining(desk: Desk) -> list[tuple[str, Callable[[], object]]]:
    def explain(symbol: str | None, since: str) -> Callable[[], object]:
        return lambda: desk.explainer.explain(symbol, since)

    asked = [(symbol, since) for since in ("24h", "7d", "30d", "365d") for symbol in (None, _SYMBOL)]
    return [(f"explain {symbol or 'all'} {since}", explain(symbol, since)) for symbol, since in asked]


def _performances(desk: Desk) -> list[tuple[str, Callable[[], object]]]:
    def performance(period: str, symbol: str | None, by: Grouping | None) -> Callable[[], object]:
        return lambda: desk.performance.performance(period, symbol, by=by)

    midnight = f"{desk.watch.now():%Y-%m-%dT00:00:00}"
    periods = {"today": midnight, "7 d": "7d", "30 d": "30d", "365 d": "365d", "all": "all"}
    return [
        *((f"performance {name}", performance(period, None, None)) for name, period in periods.items()),
        ("performance all, a symbol", performance("all", _SYMBOL, None)),
        *((f"performance all by {by}", performance("all", None, by)) for by in Grouping),
    ]


def _looking_up(desk: Desk) -> list[tuple[str, Callable[[], object]]]:
    history, now = desk.history, desk.watch.now()

    def curve(days: int) -> Callable[[], object]:
        return lambda: history.equity_curve(now - timedelta(days=days), now, 400)

    filters = {
        "of a reason": DecisionFilter(reason_code="unavailable"),
        "of a gate and symbol": DecisionFilter(symbol=_SYMBOL, gate="cooldown"),
        "of a day a year ago": DecisionFilter(until=now - timedelta(days=360)),
    }
    return [
        *((f"decisions {name}", lambda each=each: history.decisions(each)) for name, each in filters.items()),
        ("orders, filtered", lambda: history.orders(OrderFilter(symbol=_SYMBOL, purpose="exit"))),
        ("round trips, 50", lambda: history.round_trips(TripFilter())),
        *((f"equity curve {days} d", curve(days)) for days in (1, 7, 30, 90, 365)),
        ("equity against holding, 30 d", lambda: history.against_holding("30d")),
        ("equity against holding, 365 d", lambda: history.against_holding("365d")),
        ("daily profits, 365 d", lambda: history.daily_profits("365d")),
        ("size of the database", history.size),
    ]
