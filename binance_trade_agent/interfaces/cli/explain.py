"""`explain`: why it has not traded, or why it did."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape

from binance_trade_agent.domain.explained_trades import Trade, passed_text
from binance_trade_agent.domain.explanation import Answer, Explanation
from binance_trade_agent.domain.funnel import Funnel
from binance_trade_agent.domain.phrases import counted, moment, percent, period, sentence
from binance_trade_agent.domain.ranked_reasons import RankedReason, ReasonKind
from binance_trade_agent.interfaces.cli.output import console, print_json, prose, table
from binance_trade_agent.interfaces.cli.session import at_desk

_FUNNELS_SHOWN = 15
_REASONS_SHOWN = 8
_TRADES_SHOWN = 5

_HEADINGS = {
    ReasonKind.BLOCKED: "what stopped orders that were wanted",
    ReasonKind.UNABLE: "why nothing could be decided",
    ReasonKind.HELD: "why no order was wanted",
    ReasonKind.WAITING: "why there was nothing to look at",
}


def explain(symbol: str | None, since: str, as_json: bool) -> None:
    """Print the explanation of `symbol`, or of everything, since a time or a span ago."""
    with at_desk() as (_, desk):
        found = desk.explainer.explain(symbol, since)
    if as_json:
        print_json(found)
        return
    draw_explanation(found, console())


def draw_explanation(found: Explanation, screen: Console) -> None:
    """The whole answer, readable on 80 columns and without colours."""
    traded = found.answer is Answer.TRADED
    question = "Why did it trade?" if traded else "Why has it not traded?"
    about = f"{found.symbol}, " if found.symbol else ""
    when = period(found.since, found.until, found.as_of)
    screen.print(f"[bold]{question}[/] {escape(about)}{when}", highlight=False)
    screen.print()
    prose(screen, f"[bold]{escape(found.headline)}[/]")
    for remark in found.remarks:
        prose(screen, escape(remark))
    _conditions(found, screen)
    if found.funnel.decisions or found.funnel.filled:
        screen.print()
        draw_funnels(found.funnel, found.funnels, screen)
    _reasons(found, screen)
    _misses(found, screen)
    _changes(found, screen)
    _trades(found, screen)


def draw_funnels(whole: Funnel, funnels: Sequence[Funnel], screen: Console) -> None:
    """How far decisions came, in all and by symbol; the symbols that came furthest first."""
    furthest = sorted(funnels, key=lambda one: (-one.filled, -one.sent, -one.signals, one.symbol or ""))
    shown = [whole, *furthest[:_FUNNELS_SHOWN]] if len(funnels) > 1 else [whole]
    table(
        "How far decisions came",
        ("", "cycles>", "decided>", "signals>", "allowed>", "sized>", "sent>", "filled>"),
        [_funnel_cells(one, whole_name=_only_symbol(funnels)) for one in shown],
        screen=screen,
    )
    notes = []
    if whole.signals:
        notes.append(f"signals: {whole.buys:,} BUY, {whole.sells:,} SELL")
    if whole.undecided:
        notes.append(f"{whole.undecided:,} of {counted(whole.decisions, 'decision')} could not be taken")
    if len(funnels) > _FUNNELS_SHOWN:
        notes.append(f"{len(funnels) - _FUNNELS_SHOWN} more symbols with --json")
    if notes:
        screen.print("; ".join(notes), style="dim", highlight=False)


def _funnel_cells(one: Funnel, whole_name: str) -> tuple[str, ...]:
    decided = one.decisions - one.undecided
    numbers = (one.cycles, decided, one.signals, one.risk_passed, one.sized, one.sent, one.filled)
    return (one.symbol or whole_name, *(f"{number:,}" for number in numbers))


def _only_symbol(funnels: Sequence[Funnel]) -> str:
    return funnels[0].symbol or "all" if len(funnels) == 1 else "all"


def _conditions(found: Explanation, screen: Console) -> None:
    if not found.conditions:
        return
    _title(screen, "What to do now")
    for text in dict.fromkeys(condition.advice for condition in found.conditions):
        _item(screen, sentence(text))


def _reasons(found: Explanation, screen: Console) -> None:
    shown = found.reasons[:_REASONS_SHOWN]
    if not shown:
        return
    _title(screen, "Why decisions did not become orders, the most telling first")
    for place, (heading, reason) in enumerate(_with_headings(shown), 1):
        if heading:
            prose(screen, f"[dim]{heading}:[/]", left=1)
        prose(screen, f"{place}. {_reason_line(reason, found.as_of)}", left=2, hanging=3)
        newest = f"{reason.symbol}: " if len(reason.symbols) > 1 else ""
        prose(screen, f"[dim]{escape(newest + reason.text)}[/]", left=5)
    if len(found.reasons) > len(shown):
        prose(screen, f"[dim]and {len(found.reasons) - len(shown)} rarer ones with --json[/]", left=2)


def _with_headings(reasons: Sequence[RankedReason]) -> Iterator[tuple[str, RankedReason]]:
    """Each reason with a heading where another kind begins."""
    last: ReasonKind | None = None
    for reason in reasons:
        yield (_HEADINGS[reason.kind] if reason.kind is not last else "", reason)
        last = reason.kind


def _reason_line(reason: RankedReason, now: datetime) -> str:
    title = f" ({reason.title})" if reason.has_title else ""
    wanted = f"{reason.action} " if reason.action else ""
    symbols = ", ".join(reason.symbols[:4]) + (" …" if len(reason.symbols) > 4 else "")
    when = period(reason.first_at, reason.last_at, now)
    times = f"{counted(reason.count, 'time')}, {percent(reason.share)} of decisions"
    return escape(f"{wanted}{reason.code}{title}: {times}; {symbols}, {when}")


def _misses(found: Explanation, screen: Console) -> None:
    if not found.nearest_misses:
        return
    _title(screen, "Nearest misses")
    for miss in found.nearest_misses:
        _item(screen, f"{miss.symbol}: {miss.text}, at {moment(miss.at, found.as_of)}")


def _changes(found: Explanation, screen: Console) -> None:
    if not found.changes:
        return
    _title(screen, "What would have to change")
    for change in found.changes:
        where = f" ({change.symbol})" if change.symbol else ""
        _item(screen, f"{change.code}{where}: {sentence(change.text)}")


def _trades(found: Explanation, screen: Console) -> None:
    if not found.trades:
        return
    _title(screen, "The last orders")
    for trade in found.trades[:_TRADES_SHOWN]:
        _item(screen, f"{moment(trade.at, found.as_of)}: {_trade_line(trade)}")
        values = ", ".join(f"{name} {value:.6g}" for name, value in trade.values.items())
        if values:
            prose(screen, f"[dim]{escape(values)}[/]", left=4)
    if len(found.trades) > _TRADES_SHOWN:
        prose(screen, "[dim]more with `binance-trade-agent orders`[/]", left=2)
    prose(screen, "[dim]`binance-trade-agent decision ID` shows one in full[/]", left=2)


def _trade_line(trade: Trade) -> str:
    parts = [trade.text, passed_text(trade)]
    if trade.protection:
        parts.append(f"protection now: {trade.protection}")
    parts.append(f"decision {trade.decision_id[:8]}")
    return sentence("; ".join(part for part in parts if part))


def _title(screen: Console, text: str) -> None:
    screen.print()
    screen.print(f"[bold]{text}[/]", highlight=False)


def _item(screen: Console, text: str) -> None:
    prose(screen, f"- {escape(text)}", left=2, hanging=2)
