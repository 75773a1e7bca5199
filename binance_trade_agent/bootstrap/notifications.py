"""The worker that sends notifications, if the settings name where to."""

import importlib

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.notifications.worker import OutboxWorker
from binance_trade_agent.ports import Clock, Outbox
from binance_trade_agent.settings import Settings


def notification_worker(settings: Settings, outbox: Outbox, clock: Clock) -> OutboxWorker | None:
    """A worker for NOTIFY_URLS (separated by commas or spaces); None where none is set.

    Raises:
        ConfigurationError: an address that apprise does not know.
    """
    if settings.notify_urls is None:
        return None
    urls = settings.notify_urls.get_secret_value().replace(",", " ").split()
    # by name: apprise costs 20 MB that a trader without notifications does not need
    module = importlib.import_module("binance_trade_agent.notifications.apprise_notifier")
    try:
        notifier = module.AppriseNotifier(urls)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return OutboxWorker(outbox, notifier, clock)
