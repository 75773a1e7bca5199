"""How often a token may call."""

import time
from collections import deque
from collections.abc import Callable

_WINDOW_S = 60.0


class Pace:
    """At most `calls` in any minute for each name. A call that is refused does not count."""

    def __init__(self, calls: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.calls = calls
        self._clock = clock
        self._made: dict[str, deque[float]] = {}

    def wait_s(self, name: str) -> float | None:
        """Count a call of `name`; or, if it is one too many, the seconds until the next is allowed."""
        now = self._clock()
        made = self._made.setdefault(name, deque())
        while made and made[0] <= now - _WINDOW_S:
            made.popleft()
        if len(made) >= self.calls:
            return made[0] + _WINDOW_S - now
        made.append(now)
        return None
