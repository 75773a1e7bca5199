"""Acts on real money are asked for twice: the first call returns a code, the second, with it, acts.

A code is bound to the token and to the very arguments, and always stands for one idempotency key:
sent twice, it acts once. A restart of the server forgets codes.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

LIFE_S = 120.0
_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Asked:
    holder: str
    act: str
    key: str
    ends_at: float


class Confirmations:
    """The codes that were given out and not yet forgotten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[str, _Asked] = {}

    def ask(self, holder: str, act: str, key: str) -> str:
        """A code with which `holder` may do `act` under the idempotency key `key`."""
        now = self._clock()
        self._asked = {code: one for code, one in self._asked.items() if one.ends_at > now}
        while len(self._asked) >= _MOST:
            self._asked.pop(next(iter(self._asked)))
        code = secrets.token_urlsafe(9)
        self._asked[code] = _Asked(holder, act, key, now + LIFE_S)
        return code

    def key(self, holder: str, act: str, code: str) -> str | None:
        """The idempotency key behind `code`; None if it is unknown, over, or was given for something else."""
        one = self._asked.get(code)
        if one is None or one.ends_at <= self._clock() or (one.holder, one.act) != (holder, act):
            return None
        return one.key

    def forget(self, code: str) -> None:
        """Close `code`: what it stands for was declined."""
        self._asked.pop(code, None)
