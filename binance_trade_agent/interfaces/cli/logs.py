"""`logs`: the lines of a program's log, and new ones as they come."""

import time

import orjson
import typer

from binance_trade_agent.bootstrap.log_tail import LogTail, secrets_of
from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.settings import load_settings

_PAUSE_S = 0.3
#: Told in front, or not at all.
_NOT_DETAILS = frozenset({"timestamp", "level", "logger", "program", "event", "summary", "exception"})


def show_logs(program: str, lines: int, follow: bool, as_json: bool) -> None:
    """The newest lines, oldest first; with `follow` new ones too, until Ctrl-C."""
    with exit_statuses():
        settings = load_settings()
        log = LogTail(settings.log_dir, secrets_of(settings)).follow(program)
        try:
            _tell(log.read()[-lines:], as_json)
            while follow:
                time.sleep(_PAUSE_S)
                _tell(log.read(), as_json)
        except KeyboardInterrupt:
            pass
        finally:
            log.close()


def _tell(lines: list[str], as_json: bool) -> None:
    for line in lines:
        typer.echo(line if as_json else readable(line))


def readable(line: str) -> str:
    """An event of a log as a person reads it; what is no event as it is."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    if not isinstance(event, dict):
        return line
    time_text = str(event.get("timestamp", ""))[:19].replace("T", " ")
    level = str(event.get("level", "info"))
    text = str(event.get("summary") or event.get("event", ""))
    details = "" if "summary" in event else _details(event)
    exception = f"\n{event['exception']}" if "exception" in event else ""
    return f"{time_text} {'' if level == 'info' else f'{level.upper()} '}{text}{details}{exception}"


def _details(event: dict[str, object]) -> str:
    return "".join(f" {name}={value}" for name, value in event.items() if name not in _NOT_DETAILS)
