"""The last lines of a program's log, without secrets."""

import os
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import BinaryIO

from pydantic import SecretStr

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.settings import Settings
from binance_trade_agent.telemetry.logs import masked_text

_NAME = re.compile(r"[a-z_]{1,40}")
#: So much of a file is read at most, and so much of a line is told.
_MOST_BYTES = 1_000_000
_LONGEST_LINE = 4000
_SHORTEST_SECRET = 6


class LogTail:
    """The logs of a data folder."""

    def __init__(self, folder: Path, secrets: Iterable[str] = ()) -> None:
        """`secrets` are blotted out wherever they stand."""
        self._folder = folder
        self._secrets = sorted(
            {text for text in secrets if len(text) >= _SHORTEST_SECRET}, key=len, reverse=True
        )

    def programs(self) -> tuple[str, ...]:
        """Whose logs there are."""
        return tuple(sorted(path.stem for path in self._folder.glob("*.log")))

    def last(
        self, program: str, lines: int, contains: str = "", levels: Collection[str] = ()
    ) -> tuple[str, ...]:
        """The newest `lines` lines that contain a text (in any case), oldest first; `levels`: of these alone.

        Raises:
            ConfigurationError: there is no such log, or it cannot be read.
        """
        # of our programs' JSON, or of supervisord's own lines
        marks = tuple(mark for name in levels for mark in (f'"level": "{name}"', f" {name[:4].upper()} "))
        wanted = contains.lower()
        found: deque[str] = deque()
        # from the newest on, for to blot secrets out of every line takes long
        for line in reversed(_end_of(self._path(program))):
            if len(found) == lines:
                break
            if marks and not any(mark in line for mark in marks):
                continue
            if wanted in (told := self._told(line)).lower():
                found.appendleft(told)
        return tuple(found)

    def stamp(self, program: str) -> str:
        """Another one after each line that was written; errors as `last`."""
        path = self._path(program)
        try:
            seen = path.stat()
        except OSError as error:
            raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}") from error
        return f"{seen.st_ino}-{seen.st_size}-{seen.st_mtime_ns}"

    def follow(self, program: str) -> "LogFollower":
        """The log from near its end on, and whatever is written to it later; errors as `last`."""
        return LogFollower(self._path(program), self._told)

    def _path(self, program: str) -> Path:
        if _NAME.fullmatch(program) is None or program not in self.programs():
            known = ", ".join(self.programs()) or "none yet"
            raise ConfigurationError(f"program {program[:40]!r}: there is no such log; there are: {known}")
        return self._folder / f"{program}.log"

    def blotted(self, text: str) -> str:
        """`text` without the secrets, and without what stands behind the name of one."""
        for secret in self._secrets:
            text = text.replace(secret, "********")
        return masked_text(text)

    def _told(self, line: str) -> str:
        line = self.blotted(line)
        return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "…"


class LogFollower:
    """Reads on in a log that is being written, also when it is rotated: no line is left out, none told twice."""

    def __init__(self, path: Path, told: Callable[[str], str]) -> None:
        self._path = path
        self._told = told
        self._file = _opened(path)
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, size - _MOST_BYTES))
        if size > _MOST_BYTES:
            self._file.readline()
        self._begun = b""

    def read(self) -> list[str]:
        """The whole lines since the last reading, oldest first; raises `ConfigurationError`."""
        # asked first: what is written before it is renamed is still read from the old file
        is_rotated = self._is_rotated()
        data = self._begun + self._file.read()
        if is_rotated:
            self._file.close()
            self._file = _opened(self._path)
            data += self._file.read()
        *lines, self._begun = data.split(b"\n")
        return [self._told(line.decode("utf-8", errors="replace")) for line in lines]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _is_rotated(self) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:  # between the renaming of the old file and the making of the new one
            return False


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}") from error


def secrets_of(settings: Settings, *more: str) -> tuple[str, ...]:
    """Every secret that the settings hold, and `more`."""
    held = (getattr(settings, name) for name in type(settings).model_fields)
    return (*(value.get_secret_value() for value in held if isinstance(value, SecretStr)), *more)


def _end_of(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _MOST_BYTES))
            lines = file.read(_MOST_BYTES).decode("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}") from error
    return lines[1:] if size > _MOST_BYTES else lines
