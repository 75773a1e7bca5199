"""Sends messages through apprise: e-mail, Telegram, Discord and a hundred others by URL."""

import asyncio
from collections.abc import Sequence

import apprise

from binance_trade_agent.domain.errors import NotificationFailed


class AppriseNotifier:
    """One message to every configured address."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._apprise = apprise.Apprise()
        for url in urls:
            if not self._apprise.add(url):
                # the address itself holds the secret: name only its kind
                raise ValueError(f"NOTIFY_URLS: {url.split(':', 1)[0]}://… is not an address apprise knows")

    async def send(self, topic: str, text: str) -> None:
        """Send; raises `NotificationFailed`."""
        sent = await asyncio.to_thread(self._apprise.notify, body=text, title=f"binance_trade_agent: {topic}")
        if not sent:
            raise NotificationFailed(f"a message on {topic!r} was not taken")
