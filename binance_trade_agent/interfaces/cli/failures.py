"""How an error becomes a sentence on stderr and an exit status."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from binance_trade_agent.domain.errors import (
    ConfigurationError,
    DatabaseBusy,
    DatabaseTooNew,
    DatabaseUnwritable,
    KeySpent,
    TradeAgentError,
)
from binance_trade_agent.domain.exit_codes import ExitCode


@contextmanager
def exit_statuses(mistaken: ExitCode = ExitCode.CONFIGURATION) -> Iterator[None]:
    """Say what went wrong on stderr, without a traceback, and end with its exit status.

    `mistaken` is that of a `ConfigurationError`: the settings', or the command line's.
    """
    try:
        yield
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(ExitCode.REFUSED if isinstance(error, KeySpent) else mistaken) from error
    except DatabaseBusy as error:
        typer.echo(f"{error}; nothing was done: try again, with the same --key if there was one", err=True)
        raise typer.Exit(ExitCode.FAILURE) from error
    except TradeAgentError as error:
        typer.echo(str(error), err=True)
        is_configuration = isinstance(error, (DatabaseTooNew, DatabaseUnwritable))
        raise typer.Exit(ExitCode.CONFIGURATION if is_configuration else ExitCode.FAILURE) from error
