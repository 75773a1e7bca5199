"""What the parts of a page read in common is read once.

Opening a page draws each of its parts by itself, and most ask for the status. Between two beats of the pulse (`live`)
they get the same answer; a beat forgets it before it reads, so that nothing is older than what moved the page.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from binance_trade_agent.interfaces.desks import Desk, DeskDoor

#: Without a beat (nobody has a page open) an answer is good for this long.
_LIFE_S = 0.5


@dataclass(slots=True)
class _Answer:
    """Being read by who holds the lock, or read."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    value: Any = None
    is_read: bool = False


class SharedReads:
    """The answers of now. A failure is not kept: the next who asks reads anew."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._answers: dict[str, _Answer] = {}
        self._begun_at = monotonic()

    def forget(self) -> None:
        """From here on everything is read anew; what is being read now is kept for nobody who asks later."""
        with self._lock:
            self._answers = {}
            self._begun_at = self._monotonic()

    def get(self, question: str, read: Callable[[], Any]) -> Any:
        """The answer, from `read` if nobody has read it yet; raises what `read` raises."""
        with self._lock:
            if self._monotonic() - self._begun_at > _LIFE_S:
                self._answers, self._begun_at = {}, self._monotonic()
            answer = self._answers.setdefault(question, _Answer())
        with answer.lock:
            if not answer.is_read:
                answer.value = read()
                answer.is_read = True
            return answer.value

    def door(self, door: DeskDoor) -> DeskDoor:
        """The same desk, with a view that shares its reads."""

        def opened() -> Desk:
            desk: Any = door.desk()
            shared: Desk = replace(
                desk,
                watch=desk.watch.reading(self._sharing),
                risk=desk.risk.reading(self._sharing),
                explainer=desk.explainer.reading(self._sharing),
            )
            return shared

        return DeskDoor(opened)

    def _sharing(self, reads: Any) -> Any:
        return _Shared(reads, self)


class _Shared:
    """Read models whose answers are shared."""

    def __init__(self, reads: Any, shared: SharedReads) -> None:
        self._reads = reads
        self._shared = shared

    def __getattr__(self, name: str) -> Callable[..., Any]:
        read = getattr(self._reads, name)

        def ask(*values: Any, **named: Any) -> Any:
            return self._shared.get(
                f"{name} {values} {sorted(named.items())}", lambda: read(*values, **named)
            )

        return ask
