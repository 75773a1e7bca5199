"""What a decision records of its inputs, so that it can be taken again from the books alone."""

from binance_trade_agent.agents.risk import RiskContext
from binance_trade_agent.domain.decisions import AssessmentInputs, DecisionInputs
from binance_trade_agent.domain.market import MarketSnapshot
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.orchestrator.cycle import Cycle
from binance_trade_agent.orchestrator.desk import OrderRequest


def decision_inputs(view: MarketSnapshot, cycle: Cycle) -> DecisionInputs:
    """What the decision on `view` sees that neither candles, settings nor fills tell."""
    return DecisionInputs(
        observed_at=view.observed_at,
        newest_candle=view.candles[-1].open_time,
        window=len(view.candles),
        new_candles=view.new_candles,
        bid=view.book.bid,
        bid_quantity=view.book.bid_quantity,
        ask=view.book.ask,
        ask_quantity=view.book.ask_quantity,
        rules=cycle.rules[view.symbol],
        mark=cycle.book.mark,
        dry_run=cycle.is_dry,
    )


def assessment_inputs(
    view: MarketSnapshot, cycle: Cycle, context: RiskContext, asked: OrderRequest
) -> AssessmentInputs:
    """What risk is told of `view`'s symbol beyond that."""
    portfolio, base = cycle.portfolio, view.rules.base
    held = [symbol for symbol, position in portfolio.positions.items() if position.quantity > 0]
    return AssessmentInputs(
        mark=cycle.book.mark,
        control=cycle.control,
        cash=portfolio.cash,
        reserved_quote=portfolio.reserved_quote,
        free_quote=context.account.free(portfolio.quote),
        free_base=context.account.free(base),
        held_in_books=portfolio.balances.get(base, ZERO),
        prices={symbol: portfolio.prices[symbol] for symbol in held if symbol in portfolio.prices},
        covered={symbol: amount for symbol, amount in portfolio.covered.items() if amount},
        locked=tuple(sorted(portfolio.locked_symbols | context.unresolved)),
        dust=tuple(sorted(portfolio.dust_symbols)),
        marks=context.marks,
        contributed=portfolio.contributed,
        orders_last_minute=context.orders_last_minute,
        orders_today=context.orders_today,
        last_traded_candle=context.last_traded_candles.get(view.symbol),
        is_traded=context.is_traded,
        windows={
            symbol: (candles[-1].open_time, len(candles))
            for symbol, candles in context.candles.items()
            if symbol != view.symbol
        },
        side=asked.side,
        quantity=asked.quantity,
        at_most=asked.at_most,
        limit_price=asked.limit_price,
        time_limit=asked.time_limit,
    )
