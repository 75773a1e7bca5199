"""Which part of a history a request asks for."""

from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.parameters import Arguments
from binance_trade_agent.exchange.simulator.storage import Span

_DAY_MS = 86_400_000


def read_span(arguments: Arguments, id_name: str, default: int) -> Span:
    """Read `limit`, `startTime`, `endTime` and the first id, by `id_name`; -1127 for more than a day."""
    span = Span(
        limit=arguments.limit(default, 1000),
        from_id=arguments.integer(id_name),
        start_ms=arguments.integer("startTime"),
        end_ms=arguments.integer("endTime"),
    )
    if span.start_ms is not None and span.end_ms is not None and span.end_ms - span.start_ms > _DAY_MS:
        raise ApiError(-1127, "More than 24 hours between startTime and endTime.")
    return span
