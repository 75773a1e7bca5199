"""The password, kept as a scrypt digest, and how often a wrong one may be tried."""

import hashlib
import hmac
import ipaddress
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
    """Five wrong attempts a minute from one address, thirty from all; then who asks waits.

    An attempt counts from its beginning, and is taken back when it was right: of many at once no more are looked at.
    An address that is remembered has its own limit alone: strangers cannot hold up who was here before. Of IPv6 a
    network of 64 bits is one address: whoever has one of it has all.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._of_all: deque[float] = deque(maxlen=_MOST_OF_ALL)
        self._of_one: dict[str, deque[float]] = {}
        self._remembered: dict[str, float] = {}
        self._lock = threading.Lock()

    def begin(self, address: str) -> float:
        """Count an attempt from `address`; or seconds until the next one is looked at, and this one is not."""
        one = _counted_as(address)
        with self._lock:
            of_all = self._shared(one)
            wait_s = max(self._left(self._of_one.get(one)), self._left(of_all))
            if wait_s > 0:
                return wait_s
            if one not in self._of_one and len(self._of_one) >= _MOST_ADDRESSES:
                self._of_one.pop(next(iter(self._of_one)))
            now = self._monotonic()
            self._of_one.setdefault(one, deque(maxlen=_MOST_OF_ONE)).append(now)
            if of_all is not None:
                of_all.append(now)
            return 0.0

    def take_back(self, address: str) -> None:
        """The attempt that was begun last was right."""
        one = _counted_as(address)
        with self._lock:
            for counted in (self._of_one.get(one), self._shared(one)):
                if counted:
                    counted.pop()

    def remember(self, address: str, for_s: float) -> None:
        """Somebody signed in from there."""
        with self._lock:
            now = self._monotonic()
            self._remembered = {one: until for one, until in self._remembered.items() if until > now}
            self._remembered[_counted_as(address)] = now + for_s

    def _shared(self, one: str) -> deque[float] | None:
        """The attempts of all that count for it; None for one that is remembered."""
        return None if self._remembered.get(one, 0.0) > self._monotonic() else self._of_all

    def _left(self, counted: deque[float] | None) -> float:
        if counted is None or counted.maxlen is None or len(counted) < counted.maxlen:
            return 0.0
        return max(0.0, counted[0] + _WINDOW_S - self._monotonic())


def _counted_as(address: str) -> str:
    """What attempts from there are counted under; a server on `::` sees IPv4 addresses as a part of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(found) >> 64 << 64)}/64"
