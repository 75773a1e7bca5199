"""Changes settings at run time through a short process of its own.

A change is checked with the strategies, which take memory that a long-lived server must not keep. The process is given one
JSON object (`ChangeAsked`) and answers with one: `done`, `problems` (what cannot be), or `unusable` (the database).
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from binance_trade_agent.domain.errors import ConfigurationError, StorageError, TradeAgentError
from binance_trade_agent.domain.overrides import SettingChange

#: Loading the strategies takes a second or two, on a busy small machine several times that.
_TIME_LIMIT_S = 60.0
_CHANGER = (sys.executable, "-m", "binance_trade_agent.bootstrap.setting_changer")


class ChangeUnknown(TradeAgentError):
    """The process was too slow, or died: whether the setting changed is not known; the same key tells."""


@dataclass(frozen=True, slots=True)
class ChangeAsked:
    """Who wants which setting to be what; a `value` of None takes back what was set."""

    name: str
    value: str | None
    actor: str
    channel: str
    reason: str
    idempotency_key: str


class LaunchedChanges:
    """The changes, each in a process of its own with this process's environment and working folder."""

    def __init__(self, command: Sequence[str] = _CHANGER, time_limit_s: float = _TIME_LIMIT_S) -> None:
        self._command = tuple(command)
        self._time_limit_s = time_limit_s

    def change(self, asked: ChangeAsked) -> SettingChange:
        """Do it and wait for its end.

        Raises:
            ConfigurationError: the setting cannot change at run time, or not to that; nothing has changed.
            StorageError: the database cannot be used; nothing has changed.
            ChangeUnknown: the process gave no answer.
        """
        try:
            ended = subprocess.run(  # noqa: S603 - our own interpreter; what is asked goes by stdin
                self._command,
                input=json.dumps(asdict(asked)),
                capture_output=True,
                text=True,
                timeout=self._time_limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ChangeUnknown(
                f"the change was not made within {self._time_limit_s:.0f} s, or made and not told"
            ) from error
        try:
            answer = json.loads(ended.stdout)
        except ValueError as error:
            raise ChangeUnknown(f"the process that changes settings ended with {ended.returncode}") from error
        return _change(answer)


def _change(answer: dict[str, object]) -> SettingChange:
    if isinstance(problems := answer.get("problems"), list):
        raise ConfigurationError(*map(str, problems))
    if (unusable := answer.get("unusable")) is not None:
        raise StorageError(str(unusable))
    done = answer["done"]
    if not isinstance(done, dict):
        raise ChangeUnknown("the process that changes settings gave no answer")
    return SettingChange(
        name=done["name"],
        before=done["before"],
        after=done["after"],
        done_at=datetime.fromisoformat(done["done_at"]),
        repeated=done["repeated"],
    )
