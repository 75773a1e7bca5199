"""The link that `make up` prints: it opens the dashboard once, within an hour."""

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from binance_trade_agent.settings import Settings

LIFE_S = 3600.0


class SignInLink:
    """The one link of a data folder. Its file holds a digest, so to read it opens nothing."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._path = settings.data_dir / "secrets" / "dashboard_link"

    @property
    def path(self) -> Path:
        """Where the digest of an unused link lies."""
        return self._path

    def draw(self) -> str:
        """A new token, in place of an earlier one; raises `OSError` when it cannot be kept."""
        token = secrets.token_urlsafe(24)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(_digest(token))
        draft.replace(self._path)
        return token

    def redeem(self, token: str) -> bool:
        """Whether `token` opens the dashboard now; from then on it does not. Of two who come at once, one is first."""
        if not self._is(self._path, token):
            return False
        taken = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            self._path.rename(taken)
        except OSError:
            return False
        # what was taken away may be another link, drawn since the first look
        if not self._is(taken, token):
            self._give_back(taken)
            return False
        with contextlib.suppress(OSError):
            taken.unlink()
        return True

    def _is(self, path: Path, token: str) -> bool:
        """Whether the link that lies at `path` is young and of `token`."""
        try:
            kept = path.read_text(encoding="ascii")
            is_young = self._now() - path.stat().st_mtime < LIFE_S
        except (OSError, UnicodeDecodeError):
            return False
        return hmac.compare_digest(kept, _digest(token)) and is_young

    def _give_back(self, taken: Path) -> None:
        """Put a link back that was not meant, unless a still newer one lies there by now."""
        with contextlib.suppress(OSError):
            self._path.hardlink_to(taken)
        with contextlib.suppress(OSError):
            taken.unlink()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
