"""`python -m binance_trade_agent.bootstrap.setting_changer`: changes one setting as `launched_changes` asks on stdin."""

import json
import sys
from contextlib import closing
from dataclasses import asdict
from typing import Any

from binance_trade_agent.bootstrap.books import open_settings_book
from binance_trade_agent.bootstrap.launched_changes import ChangeAsked
from binance_trade_agent.bootstrap.overrides import setting_changes
from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.domain.overrides import SettingChange
from binance_trade_agent.settings import load_settings


def answer_to(asked: ChangeAsked) -> dict[str, Any]:
    """Change it; the JSON object that tells what came of it."""
    try:
        done = _change(asked)
    except ConfigurationError as error:
        return {"problems": list(error.problems)}
    except StorageError as error:
        return {"unusable": str(error)}
    return {"done": {**asdict(done), "done_at": done.done_at.isoformat()}}


def _change(asked: ChangeAsked) -> SettingChange:
    settings = load_settings()
    database, book = open_settings_book(settings)
    with closing(database):
        changes = setting_changes(settings, database, book)
        if asked.value is None:
            return changes.unset(
                asked.name,
                actor=asked.actor,
                channel=asked.channel,
                reason=asked.reason,
                idempotency_key=asked.idempotency_key,
            )
        return changes.set(
            asked.name,
            asked.value,
            actor=asked.actor,
            channel=asked.channel,
            reason=asked.reason,
            idempotency_key=asked.idempotency_key,
        )


def main() -> int:
    """Always 0 where an answer was given."""
    asked = ChangeAsked(**json.loads(sys.stdin.read()))
    sys.stdout.write(json.dumps(answer_to(asked)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
