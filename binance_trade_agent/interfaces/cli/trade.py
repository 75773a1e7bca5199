"""`trade`: one workflow for one symbol."""

import asyncio
from decimal import Decimal, InvalidOperation

import typer

from binance_trade_agent.control.steering import CommandTimeout
from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from binance_trade_agent.interfaces.cli.output import print_json
from binance_trade_agent.interfaces.cli.session import CHANNEL, actor, at_desk

_UNKNOWN_OUTCOMES = (Outcome.UNKNOWN, Outcome.UNRESOLVED)


def trade(
    symbol: str, quantity: str | None, side: str | None, key: str | None, reason: str, as_json: bool
) -> None:
    """Hand the workflow to the trader, or run it in a process of its own, and say what came of it."""
    amount, chosen = _quantity(quantity), _side(side)
    with at_desk() as (_, desk):
        try:
            result = asyncio.run(
                desk.steering.trade(
                    symbol.upper(),
                    amount,
                    chosen,
                    actor=actor(),
                    channel=CHANNEL,
                    idempotency_key=key,
                    reason=reason,
                )
            )
        except CommandTimeout as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(ExitCode.OUTCOME_UNKNOWN) from error
    if as_json:
        print_json(result)
    else:
        details = " ".join(f"{name}={value}" for name, value in result.details.items())
        typer.echo(f"{result.status}: {result.told}" + (f"\n{details}" if details else ""))
    raise typer.Exit(exit_code_of(result))


def exit_code_of(result: CommandResult) -> ExitCode:
    """0 placed, or held as the strategy said; 3 refused; 4 outcome unknown; 1 anything else."""
    if result.details.get("outcome") in _UNKNOWN_OUTCOMES:
        return ExitCode.OUTCOME_UNKNOWN
    if result.status is CommandStatus.DONE:
        return ExitCode.OK
    return ExitCode.REFUSED if result.status is CommandStatus.REFUSED else ExitCode.FAILURE


def _quantity(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not a number", param_hint="--quantity") from None


def _side(text: str | None) -> Side | None:
    if text is None:
        return None
    if text.upper() not in tuple(Side):
        raise typer.BadParameter(f"{text!r} is neither buy nor sell", param_hint="--side")
    return Side(text.upper())
