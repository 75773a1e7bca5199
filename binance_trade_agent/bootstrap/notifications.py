"""The worker that sends notifications, or drops them where the settings name nobody."""

import importlib
from collections.abc import Sequence

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.notifications.worker import DiscardingWorker, OutboxWorker
from binance_trade_agent.ports import Clock, Notifier, Outbox
from binance_trade_agent.settings import Settings


def addresses(settings: Settings) -> list[str]:
    """The addresses of NOTIFY_URLS, separated by commas or spaces."""
    if settings.notify_urls is None:
        return []
    return settings.notify_urls.get_secret_value().replace(",", " ").split()


def notifier_to(urls: Sequence[str]) -> Notifier:
    """Sends to all of them.

    Raises:
        ConfigurationError: an address that apprise does not know.
    """
    # by name: apprise costs 20 MB that a trader without notifications does not need
    module = importlib.import_module("binance_trade_agent.notifications.apprise_notifier")
    try:
        notifier: Notifier = module.AppriseNotifier(urls)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return notifier


def notification_worker(settings: Settings, outbox: Outbox, clock: Clock) -> OutboxWorker | DiscardingWorker:
    """A worker that sends to NOTIFY_URLS; where none is set, one that drops what others store to be sent.

    Raises:
        ConfigurationError: an address that apprise does not know.
    """
    if settings.notify_urls is None:
        return DiscardingWorker(outbox, clock)
    return OutboxWorker(outbox, notifier_to(addresses(settings)), clock)
