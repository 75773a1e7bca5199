"""`trade`, `protect`, `flatten`, `cancel`: what the holder of the trading lease carries out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache

import typer

from binance_trade_agent.bootstrap.desk import Desk
from binance_trade_agent.control.protections import Protection, kept_as_dust
from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.modes import TradingMode
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from binance_trade_agent.interfaces.cli.confirming import confirm
from binance_trade_agent.interfaces.cli.output import print_json
from binance_trade_agent.interfaces.cli.session import CHANNEL, acting_at_desk, actor
from binance_trade_agent.interfaces.cli.waiting import Asking, answer


@dataclass(frozen=True, slots=True)
class Wish:
    """A trade as it was typed."""

    symbol: str
    quantity: str | None
    side: str | None
    limit_price: str | None
    time_limit_s: int | None
    dry_run: bool


def trade(wish: Wish, reason: str, key: str | None, yes: bool, as_json: bool) -> None:
    """Hand the workflow to the trader, or run it in a process of its own, and say what came of it."""
    amount, chosen = _number(wish.quantity, "--quantity"), _side(wish.side)
    price = _number(wish.limit_price, "--limit-price")
    with acting_at_desk() as (settings, desk):
        if settings.mode is TradingMode.LIVE and not wish.dry_run:
            confirm(_trading(wish, chosen), yes)
        result = _answer(
            desk,
            lambda steering: steering.trade(
                wish.symbol,
                amount,
                chosen,
                actor=actor(),
                channel=CHANNEL,
                idempotency_key=key,
                reason=reason,
                limit_price=price,
                time_limit_s=wish.time_limit_s,
                dry_run=wish.dry_run,
            ),
        )
    _show(result, as_json)


def protect(
    symbol: str,
    levels: tuple[str | None, str | None],
    back: bool,
    reason: str,
    key: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Move a position's `levels` (stop, target), or give them `back` to the settings."""
    stop, target = _number(levels[0], "--stop"), _number(levels[1], "--target")
    if back is (stop is not None or target is not None):
        raise typer.BadParameter("give --stop, --target or both, or --back-to-settings alone")
    with acting_at_desk() as (settings, desk):
        if settings.mode is TradingMode.LIVE:
            confirm(_protecting(symbol.upper(), stop, target), yes)
        result = _answer(
            desk,
            lambda steering: steering.protect(
                symbol.upper(),
                stop_price=stop,
                target_price=target,
                actor=actor(),
                channel=CHANNEL,
                reason=reason,
                idempotency_key=key,
            ),
        )
    _show(result, as_json)


def flatten(reason: str, key: str | None, yes: bool, as_json: bool) -> None:
    """Sell everything the ledger bought, then halt."""
    with acting_at_desk() as (_, desk):
        confirm(flattening(desk.watch.protection()), yes)
        result = _answer(
            desk,
            lambda steering: steering.flatten(reason, actor=actor(), channel=CHANNEL, idempotency_key=key),
        )
    _show(result, as_json)


def cancel(client_order_id: str, force: bool, reason: str, key: str | None, as_json: bool) -> None:
    """Cancel one order of ours."""
    with acting_at_desk() as (_, desk):
        result = _answer(
            desk,
            lambda steering: steering.cancel(
                client_order_id,
                actor=actor(),
                channel=CHANNEL,
                force=force,
                reason=reason,
                idempotency_key=key,
            ),
        )
    _show(result, as_json)


def flattening(held: Sequence[Protection]) -> str:
    """What a flatten of `held` will do, in words: dust cannot be sold."""
    sold, kept = (
        [f"{to_wire(each.quantity)} {each.symbol}" for each in held if each.is_dust is dust]
        for dust in (False, True)
    )
    return (
        "Entries stop now; orders of ours that rest are cancelled, everything the ledger bought is sold at market"
        f" ({', '.join(sold) or 'nothing at present'}), and then trading is halted until you `resume`."
        f"{kept_as_dust(kept)} What was in the account before stays."
    )


def _trading(wish: Wish, side: Side | None) -> str:
    """What a trade with real money will do, in words."""
    size = f"{wish.quantity} of" if wish.quantity else "an amount sized by the risk rules of"
    doing = {Side.BUY: "bought", Side.SELL: "sold"}.get(side) if side else None
    what = f"{size} {wish.symbol} is {doing}" if doing else f"the strategy decides on {wish.symbol}"
    how = f" with an order that rests at {wish.limit_price}" if wish.limit_price else " at market"
    return f"Real money: {what}{how}, if no risk gate refuses it."


def _protecting(symbol: str, stop: Decimal | None, target: Decimal | None) -> str:
    """What moving protection with real money will do, in words."""
    moved = [
        f"{name} {to_wire(price)}"
        for name, price in (("stop", stop), ("target", target))
        if price is not None
    ]
    what = f"to {' and '.join(moved)}" if moved else "back to what the settings say"
    return f"Real money: the orders that guard {symbol} are replaced and go {what}."


def _answer(desk: Desk, asking: Asking) -> CommandResult:
    """What came of it; while that lasts it is said what is stopped, or what the newest decision lacks."""
    # asked before: whoever carries it out where no trader runs has the right to trade meanwhile
    since, is_untraded = desk.watch.now(), desk.steering.is_untraded

    @cache
    def stopped() -> str:
        return desk.programs.stopped_note() if is_untraded else ""

    def hindrance() -> str:
        newest = desk.watch.decisions(limit=1)
        lacks = [row for row in newest if row.outcome == Outcome.NO_DATA and row.decided_at >= since]
        lacking = f"{lacks[0].symbol} cannot be decided on: {lacks[0].reason}" if lacks else ""
        return "; ".join(filter(None, (lacking, stopped())))

    result = answer(desk.steering, asking, hindrance)
    if result.status is CommandStatus.FAILED and stopped():
        typer.echo(stopped(), err=True)
    return result


def _show(result: CommandResult, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        is_held = result.details.get("outcome") == Outcome.HELD
        typer.echo(f"{'held, nothing was sent' if is_held else result.status}: {result.told}")
        if pointers := _pointers(result.details):
            typer.echo(pointers)
    raise typer.Exit(exit_code_of(result))


def _pointers(details: Mapping[str, str]) -> str:
    """What the sentence leaves out: the gate, and what more can be looked up by."""
    named = (
        ("blocked by", details.get("blocking_gate")),
        ("order", details.get("client_order_id")),
        ("decision", details.get("decision_id", "")[:8]),
    )
    return ", ".join(f"{name} {value}" for name, value in named if value)


def exit_code_of(result: CommandResult) -> ExitCode:
    """0 placed, or held as the strategy said; 3 refused; 4 outcome unknown; 1 anything else."""
    if result.details.get("outcome") == Outcome.UNKNOWN:
        return ExitCode.OUTCOME_UNKNOWN
    if result.status is CommandStatus.DONE:
        return ExitCode.OK
    return ExitCode.REFUSED if result.status is CommandStatus.REFUSED else ExitCode.FAILURE


def _number(text: str | None, option: str) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not a number", param_hint=option) from None


def _side(text: str | None) -> Side | None:
    if text is None:
        return None
    if text.upper() not in tuple(Side):
        raise typer.BadParameter(f"{text!r} is neither buy nor sell", param_hint="--side")
    return Side(text.upper())
