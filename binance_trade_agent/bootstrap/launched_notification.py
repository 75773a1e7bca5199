"""Sends a message through a short process of its own: what sends it takes memory that a server must not keep."""

import json
import subprocess
import sys
from collections.abc import Sequence

from binance_trade_agent.domain.errors import ConfigurationError, NotificationFailed

#: A service that does not answer is waited for some seconds, one after the other.
_TIME_LIMIT_S = 60.0
_SENDER = (sys.executable, "-m", "binance_trade_agent.bootstrap.notification_sender")


class LaunchedNotification:
    """Callable with a text; its process has this one's environment and working folder."""

    def __init__(self, command: Sequence[str] = _SENDER, time_limit_s: float = _TIME_LIMIT_S) -> None:
        self._command = tuple(command)
        self._time_limit_s = time_limit_s

    def __call__(self, text: str) -> str:
        """Send it to every address of NOTIFY_URLS, and name their services.

        Raises:
            ConfigurationError: no address is set, or one that cannot be.
            NotificationFailed: a service did not take it, or gave no answer in time.
        """
        try:
            ended = subprocess.run(  # noqa: S603 - our own interpreter; the text goes by stdin
                self._command,
                input=text,
                capture_output=True,
                text=True,
                timeout=self._time_limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NotificationFailed(f"not sent within {self._time_limit_s:.0f} s") from error
        try:
            answer: dict[str, str] = json.loads(ended.stdout)
        except ValueError as error:
            raise NotificationFailed(f"the process that sends it ended with {ended.returncode}") from error
        if "refused" in answer:
            raise ConfigurationError(answer["refused"])
        if "failed" in answer:
            raise NotificationFailed(answer["failed"])
        return answer["sent"]
