"""`strategy list`, `strategy show`, `strategy new`, `strategy check`."""

from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from binance_trade_agent.bootstrap.strategy_tools import (
    CheckReport,
    ListedStrategy,
    StrategyDetails,
    check_strategies,
    describe_strategy,
    list_strategies,
    write_strategy,
)
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.phrases import counted
from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.interfaces.cli.output import console, print_json, table
from binance_trade_agent.settings import load_settings

_WIDE = 120
_RESULTS = {"passed": "[green]passed[/]", "failed": "[bold red]failed[/]", "note": "[yellow]note[/]"}


def show_strategies(as_json: bool) -> None:
    """Every strategy there is, and every file that cannot be used."""
    with exit_statuses():
        rows, problems = list_strategies(load_settings())
    if as_json:
        print_json({"strategies": rows, "problems": problems})
        return
    draw_strategies(rows, problems, console())


def draw_strategies(rows: tuple[ListedStrategy, ...], problems: tuple[str, ...], screen: Console) -> None:
    """Strategies with their rule in a line; below them what is broken."""
    grid = Table(title="Strategies", title_justify="left", header_style="bold", box=None, pad_edge=False)
    grid.add_column("name", no_wrap=True)
    grid.add_column("what it does", overflow="fold", ratio=1)
    grid.add_column("from", overflow="fold", max_width=max(screen.width // 4, 10))
    grid.add_column("warm-up", justify="right", no_wrap=True)
    for row in rows:
        name = f"[bold green]{row.name}[/]" if row.decides_on else row.name
        does = f"[red]{escape(row.problem)}[/]" if row.problem else escape(row.summary)
        grid.add_row(name, does, escape(_short(row.source, screen.width)), _number(row.warmup_candles))
    screen.print(grid)
    for problem in problems:
        screen.print(f"[bold red]![/] [red]{escape(problem)}[/]")
    used = [
        f"[bold green]{row.name}[/] decides on {', '.join(row.decides_on)}" for row in rows if row.decides_on
    ]
    screen.print(
        "\n" + "; ".join(used) if used else "\nNone of them decides on a symbol that TRADING_SYMBOLS lists.",
        style="dim",
    )


def show_strategy(name: str, as_json: bool) -> None:
    """One strategy: its rule, where it comes from, its parameters."""
    with exit_statuses():
        details = describe_strategy(load_settings(), name)
    if as_json:
        print_json(details)
    else:
        draw_strategy(details, console())
    if details.listed.problem:
        raise typer.Exit(ExitCode.FAILURE)


def draw_strategy(details: StrategyDetails, screen: Console) -> None:
    """A page on one strategy."""
    listed = details.listed
    screen.print(f"[bold]{listed.name}[/]", highlight=False)
    if details.rule:
        for paragraph in details.rule.split("\n\n"):
            screen.print(
                Padding(escape(" ".join(paragraph.split())), (0, 0, 1, 2), expand=False), highlight=False
            )
    facts = {
        "from": "shipped" if listed.source == "shipped" else details.file,
        "warm-up": None if listed.warmup_candles is None else counted(listed.warmup_candles, "candle"),
        "decides on": ", ".join(listed.decides_on) or "no symbol that TRADING_SYMBOLS lists",
        "position": "may add to one" if details.adds else "one entry at a time",
    }
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in facts.items():
        if text and not (listed.problem and label in ("from", "position")):
            grid.add_row(label, escape(text))
    if listed.problem:
        grid.add_row("[red]broken[/]", f"[red]{escape(listed.problem)}[/]")
    screen.print(grid)
    if details.parameters:
        screen.print()
        _draw_parameters(details, screen)


def _draw_parameters(details: StrategyDetails, screen: Console) -> None:
    is_set = any(each.value != each.default for each in details.parameters)
    explained = any(each.description for each in details.parameters)
    table(
        "Parameters (STRATEGY_PARAMS)",
        (
            "name",
            "type",
            "default>",
            *(("set to>",) if is_set else ()),
            "allowed",
            *(("what it is",) if explained else ()),
        ),
        [
            (
                each.name,
                each.type,
                each.default,
                *((each.value if each.value != each.default else "",) if is_set else ()),
                each.allowed,
                *((each.description,) if explained else ()),
            )
            for each in details.parameters
        ],
        screen=screen,
    )


def new_strategy(name: str, folder: str) -> None:
    """Write a strategy and its test, and say what comes next."""
    with exit_statuses():
        written, test = write_strategy(name, Path(folder).expanduser())
    screen = console()
    screen.print(
        f"[green]written[/] {escape(str(written))}\n[green]written[/] {escape(str(test))}", soft_wrap=True
    )
    screen.print(
        f"\nIt works as it is. Change it, then:\n\n"
        f"  binance-trade-agent strategy check {escape(str(written))}\n"
        f"  pytest {escape(str(test))}\n\n"
        f"To trade with it, set in .env or the environment:\n\n"
        f"  STRATEGY_FILES={escape(str(written.absolute()))}\n"
        f"  STRATEGY_NAME={name}\n",
        soft_wrap=True,
        highlight=False,
    )


def check(name: str, candles: str | None, as_json: bool) -> None:
    """Ask a strategy whether it is honest; exit status 1 if it is not."""
    with exit_statuses():
        path = Path(candles).expanduser() if candles else None
        reports = check_strategies(load_settings(), name, path)
    if as_json:
        print_json([_plain(report) for report in reports])
    else:
        screen = console()
        for report in reports:
            draw_report(report, screen)
    if not all(report.passed for report in reports):
        raise typer.Exit(ExitCode.FAILURE)


def draw_report(report: CheckReport, screen: Console) -> None:
    """What each check saw, and the verdict."""
    given = ", ".join(f"{key}={value}" for key, value in report.parameters.items())
    screen.print(f"[bold]{escape(report.name)}[/]{escape(f' ({given})') if given else ''}", highlight=False)
    if report.error:
        screen.print(
            Padding(f"[red]cannot be loaded: {escape(report.error)}[/]", (0, 0, 0, 2)), highlight=False
        )
        return
    on = " and ".join(report.markets)
    screen.print(f"[dim]  on {escape(on)}, {report.candles:,} candles[/]\n", highlight=False)
    grid = Table(box=None, header_style="bold", pad_edge=False)
    grid.add_column("check", overflow="fold", min_width=18)
    grid.add_column("result", no_wrap=True)
    grid.add_column("what was seen", overflow="fold", ratio=1)
    for finding in report.findings:
        grid.add_row(finding.question, _RESULTS[finding.result], escape(finding.text))
    screen.print(grid)
    failed = sum(finding.result == "failed" for finding in report.findings)
    verdict = (
        f"[bold red]{failed} of {len(report.findings)} checks failed[/]" if failed else "[green]honest[/]"
    )
    screen.print(f"\n{verdict}\n", highlight=False)


def _plain(report: CheckReport) -> dict[str, object]:
    return {
        "name": report.name,
        "passed": report.passed,
        "parameters": report.parameters,
        "markets": report.markets,
        "candles": report.candles,
        "error": report.error,
        "findings": report.findings,
    }


def _short(source: str, width: int) -> str:
    """A path, or only its file's name in a narrow terminal; a path under the home folder begins with ~."""
    if width < _WIDE:
        return source.rpartition("/")[2]
    home = str(Path.home())
    return f"~{source[len(home) :]}" if source.startswith(f"{home}/") else source


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
