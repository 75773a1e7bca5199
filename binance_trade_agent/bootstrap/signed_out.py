"""The dashboard's sessions that somebody ended: they stay ended over restarts, until they would have ended anyway."""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable

from binance_trade_agent.settings import Settings


class SignedOut:
    """The ended sessions of a data folder, by their id; a copied cookie of one opens nothing."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self._path = settings.data_dir / "secrets" / "dashboard_signed_out"
        self._now = now
        self._lock = threading.Lock()
        self._ended = self._kept()

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._ended

    def add(self, session_id: str, until: float) -> None:
        """End it; `until` (s since 1970) is when its cookie is worth nothing any more."""
        with self._lock:
            now = self._now()
            self._ended = {name: end for name, end in self._ended.items() if end > now} | {session_id: until}
            # a full or read-only disk must not keep anybody signed in: it is ended here, if not after a restart
            with contextlib.suppress(OSError):
                self._keep()

    def _keep(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._ended, file)
        draft.replace(self._path)

    def _kept(self) -> dict[str, float]:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(name): float(end) for name, end in kept.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
