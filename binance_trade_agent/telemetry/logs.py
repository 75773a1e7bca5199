"""Logging: structlog, one event a line; people get a short line, files and containers JSON.

Every process also writes `DATA_DIR/logs/<program>.log`, rotated, always in JSON.
Values under names that smell of a secret are masked whatever they hold, and so is what stands behind
such a name in a text, as in an address that an error quotes.
"""

import logging
import logging.handlers
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

from binance_trade_agent.domain.errors import ConfigurationError

_SECRET_NAME = re.compile(r"secret|password|token|signature|api_?key|authorization", re.IGNORECASE)
#: `signature=…` in a query, `user:password@` in an address.
_SECRET_TEXT = re.compile(
    r"((?:secret|password|token|signature|api_?key)=)[^&\s\"'\\]+|(://[^:/@\s\"']*:)[^@/\s\"']+(?=@)",
    re.IGNORECASE,
)
_MASK = "********"
_MAX_BYTES = 10_000_000
_BACKUPS = 5

#: Libraries that talk at INFO or DEBUG about every request; Apprise would name addresses with their tokens.
_CHATTY = (
    "aiohttp.access",
    "httpx",
    "httpcore",
    "mcp",
    "uvicorn",
    "alembic",
    "waitress",
    "werkzeug",
    "waitress.queue",
    "apprise",
    "requests",
    "urllib3",
    "websockets",
)
#: It warns whenever a second request waits for a thread.
_CRYING_WOLF = "waitress.queue"


def configure_logs(
    program: str, *, level: str, line_format: str, log_dir: Path | None, stream: TextIO | None = None
) -> None:
    """Send all logs of this process to `stream`, stdout if unset (`line_format`: `line` or `json`), and to its rotated file.

    Raises:
        ConfigurationError: the log folder cannot be written.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    shown = logging.StreamHandler(stream or sys.stdout)
    shown.setFormatter(_formatter(shared, as_json=line_format == "json", program=program))
    handlers: list[logging.Handler] = [shown]
    if log_dir is not None:
        file = _rotated_file(log_dir, program)
        file.setFormatter(_formatter(shared, as_json=True, program=program))
        handlers.append(file)
    root = logging.getLogger()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_CRYING_WOLF).setLevel(logging.ERROR)


def _rotated_file(log_dir: Path, program: str) -> logging.Handler:
    path = log_dir / f"{program}.log"
    try:
        log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return logging.handlers.RotatingFileHandler(
            path, maxBytes=_MAX_BYTES, backupCount=_BACKUPS, encoding="utf-8"
        )
    except OSError as error:
        raise ConfigurationError(f"the log {path} cannot be written: {error.strerror}") from error


def _formatter(shared: list[Any], *, as_json: bool, program: str) -> logging.Formatter:
    if as_json:
        final: list[Any] = [
            structlog.processors.format_exc_info,
            _name_program(program),
            structlog.processors.JSONRenderer(),
        ]
    else:
        final = [_render_line(program)]
    mask: Any = _mask_text
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final, mask],
    )


def _name_program(program: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["program"] = program
        return event

    return add


def _mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        event[name] = masked(name, value)
    return event


def masked(name: object, value: Any) -> Any:
    """`value`, hidden where `name`, or the name of something in it, smells of a secret."""
    if isinstance(name, str) and _SECRET_NAME.search(name):
        return _MASK
    if isinstance(value, Mapping):
        return {key: masked(key, item) for key, item in value.items()}
    return value


def masked_text(line: str) -> str:
    """`line` without what stands behind the name of a secret, or as a password in an address."""
    return _SECRET_TEXT.sub(lambda found: f"{found[1] or found[2]}{_MASK}", line)


def _mask_text(_: Any, __: str, line: str) -> str:
    return masked_text(line)


def _render_line(program: str) -> Any:
    def render(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
        time = str(event.pop("timestamp", ""))[11:19]
        level = str(event.pop("level", "info"))
        event.pop("logger", None)
        summary = event.pop("summary", None)
        text = str(event.pop("event", ""))
        exc_info = event.pop("exc_info", None)
        mark = "" if level == "info" else f"{level.upper()} "
        if summary is not None:
            return f"{time} {mark}{summary}"
        details = " ".join(f"{name}={value}" for name, value in event.items())
        line = f"{time} {mark}{program}: {text}" + (f" {details}" if details else "")
        if exc_info:
            found = structlog.processors.format_exc_info(None, "", {"exc_info": exc_info})
            line += "\n" + found.get("exception", "")
        return line

    return render
