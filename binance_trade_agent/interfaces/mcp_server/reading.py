"""The tools that read. They run in worker threads, so that a slow database holds nobody else up."""

from datetime import datetime

from mcp.server.mcpserver import Context

from binance_trade_agent.control.watching import Watch
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.interfaces.mcp_server.answers import (
    DecisionAnswer,
    DecisionsAnswer,
    FillAnswer,
    FillsAnswer,
    OrderAnswer,
    OrdersAnswer,
    StatusAnswer,
    decimal_text,
)
from binance_trade_agent.interfaces.mcp_server.arguments import Limit, SymbolFilter
from binance_trade_agent.interfaces.mcp_server.outside_answers import (
    FlowAnswer,
    ForeignOrderAnswer,
    OutsideAnswer,
)
from binance_trade_agent.interfaces.mcp_server.portfolio_answers import (
    EquityAnswer,
    PortfolioAnswer,
    PositionAnswer,
)
from binance_trade_agent.interfaces.mcp_server.refusals import refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of


def get_status(ctx: Context[Toolbox]) -> StatusAnswer:
    """The agent now: health, control state, last and next cycle, equity, incidents, what is unresolved."""
    with refusals():
        return StatusAnswer.of(desk_of(ctx).watch.status())


def get_portfolio(ctx: Context[Toolbox]) -> PortfolioAnswer:
    """Positions at average cost with their stop and target, balances by the ledger, equity as of the last cycle."""
    with refusals():
        watch = desk_of(ctx).watch
        status = watch.status()
        positions = watch.positions()
        guarded = {protection.symbol: protection for protection in watch.protection()}
        return PortfolioAnswer(
            as_of=_kept_until(watch),
            equity=EquityAnswer.of(status.equity) if status.equity else None,
            profit=decimal_text(status.profit),
            positions=[PositionAnswer.of(position, guarded.get(position.symbol)) for position in positions],
            balances={asset: to_wire(amount) for asset, amount in watch.balances().items()},
        )


def get_decisions(ctx: Context[Toolbox], symbol: SymbolFilter = None, limit: Limit = 20) -> DecisionsAnswer:
    """Why it did or did not trade: signal, gates with limit and observed value, nearest miss, outcome."""
    with refusals():
        watch = desk_of(ctx).watch
        rows = watch.decisions(limit=limit, symbol=_upper(symbol))
        return DecisionsAnswer(as_of=_kept_until(watch), decisions=[DecisionAnswer.of(row) for row in rows])


def get_orders(ctx: Context[Toolbox], symbol: SymbolFilter = None, limit: Limit = 20) -> OrdersAnswer:
    """Orders of the journal: INTENT and UNKNOWN are not resolved yet, an OPEN stop or target guards a position."""
    with refusals():
        watch = desk_of(ctx).watch
        rows = watch.orders(limit=limit, symbol=_upper(symbol))
        return OrdersAnswer(as_of=_kept_until(watch), orders=[OrderAnswer.of(row) for row in rows])


def get_fills(ctx: Context[Toolbox], symbol: SymbolFilter = None, limit: Limit = 20) -> FillsAnswer:
    """Trades of our own orders with price, quantity and commission."""
    with refusals():
        watch = desk_of(ctx).watch
        rows = watch.fills(limit=limit, symbol=_upper(symbol))
        return FillsAnswer(as_of=_kept_until(watch), fills=[FillAnswer.of(row) for row in rows])


def get_outside_activity(ctx: Context[Toolbox], limit: Limit = 20) -> OutsideAnswer:
    """Deposits, withdrawals, trades and open orders of others on the account; none of it is touched or traded."""
    with refusals():
        watch = desk_of(ctx).watch
        return OutsideAnswer(
            as_of=_kept_until(watch),
            flows=[FlowAnswer.of(row) for row in watch.outside_flows(limit=limit)],
            open_orders=[ForeignOrderAnswer.of(row) for row in watch.foreign_orders()],
        )


def _kept_until(watch: Watch) -> datetime | None:
    """When the newest cycle ended, or began where it goes on."""
    newest = next(iter(watch.cycles(limit=1)), None)
    return (newest.finished_at or newest.started_at) if newest else None


def _upper(symbol: str | None) -> str | None:
    return symbol.upper() if symbol else None
