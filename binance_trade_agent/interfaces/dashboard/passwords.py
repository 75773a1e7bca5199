"""The password, kept as a scrypt digest, and how often a wrong one may be tried."""

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable

#: RFC 7914's interactive parameters: 16 MB and some 50 ms for each attempt.
_N, _R, _P = 2**14, 8, 1
_LONGEST = 1000
_WINDOW_S = 60.0
#: Wrong attempts within the window, of one address and of all together.
_MOST_OF_ONE = 5
_MOST_OF_ALL = 30
_MOST_ADDRESSES = 1000


class PasswordCheck:
    """Knows a password's digest only. One attempt is reckoned at a time: each needs 16 MB."""

    def __init__(self, password: str) -> None:
        self._salt = secrets.token_bytes(16)
        self._digest = self._reckon(password)
        self._lock = threading.Lock()

    def matches(self, given: str) -> bool:
        """Whether it is the password; takes as long either way."""
        with self._lock:
            return hmac.compare_digest(self._reckon(given[:_LONGEST]), self._digest)

    def _reckon(self, password: str) -> bytes:
        return hashlib.scrypt(password.encode(errors="replace"), salt=self._salt, n=_N, r=_R, p=_P)


class LoginThrottle:
    """Five wrong attempts a minute from one address, thirty from all; then who asks waits."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._of_all: deque[float] = deque(maxlen=_MOST_OF_ALL)
        self._of_one: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait_s(self, address: str) -> float:
        """Seconds until the next attempt from `address` is looked at; 0 for now."""
        with self._lock:
            return max(self._left(self._of_one.get(address)), self._left(self._of_all))

    def failed(self, address: str) -> None:
        """Count a wrong attempt."""
        with self._lock:
            if address not in self._of_one and len(self._of_one) >= _MOST_ADDRESSES:
                self._of_one.pop(next(iter(self._of_one)))
            now = self._monotonic()
            self._of_one.setdefault(address, deque(maxlen=_MOST_OF_ONE)).append(now)
            self._of_all.append(now)

    def _left(self, failures: deque[float] | None) -> float:
        if failures is None or failures.maxlen is None or len(failures) < failures.maxlen:
            return 0.0
        return max(0.0, failures[0] + _WINDOW_S - self._monotonic())
