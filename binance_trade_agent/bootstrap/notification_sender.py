"""`python -m binance_trade_agent.bootstrap.notification_sender`: sends the text on stdin to every address of NOTIFY_URLS."""

import asyncio
import json
import sys

from binance_trade_agent.bootstrap.notifications import addresses, notifier_to
from binance_trade_agent.domain.errors import ConfigurationError, NotificationFailed
from binance_trade_agent.settings import load_settings

_TOPIC = "test"


def answer_to(text: str) -> dict[str, str]:
    """Send it; `sent` names the services, `refused` and `failed` say why not."""
    try:
        urls = addresses(load_settings())
        if not urls:
            raise ConfigurationError("NOTIFY_URLS is not set: there is nobody to tell")
        asyncio.run(notifier_to(urls).send(_TOPIC, text))
    except ConfigurationError as error:
        return {"refused": str(error)}
    except NotificationFailed as error:
        return {"failed": str(error)}
    return {"sent": ", ".join(url.partition(":")[0] for url in urls)}


def main() -> int:
    """Always 0 where an answer was given."""
    sys.stdout.write(json.dumps(answer_to(sys.stdin.read())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
