"""Who sends what is stored to be sent: the settings of the trader decide, not those of whoever acted."""

from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.books import open_settings_book
from binance_trade_agent.bootstrap.desk import open_desk
from binance_trade_agent.bootstrap.notifications import notification_worker
from binance_trade_agent.notifications.worker import DiscardingWorker
from binance_trade_agent.settings import Settings, load_settings
from binance_trade_agent.storage.outbox import SqlOutbox
from tests.fakes import FakeClock

SOMEBODY = {"NOTIFY_URLS": "json://127.0.0.1:9"}


def settings_with(named: dict[str, str], place: Path) -> Settings:
    return load_settings(named | {"DATA_DIR": str(place)}, place)


@pytest.mark.parametrize("actor", [{}, SOMEBODY])
def test_an_act_waits_for_the_trader_whatever_its_own_settings_name(
    tmp_path: Path, actor: dict[str, str]
) -> None:
    desk = open_desk(settings_with(actor, tmp_path))
    desk.steering.halt("fire", actor="ann")
    desk.close()

    nobody, somebody = settings_with({}, tmp_path), settings_with(SOMEBODY, tmp_path)
    database, book = open_settings_book(somebody)
    outbox = SqlOutbox(database, book)
    ((_, topic, text),) = outbox.unsent(10)
    assert (topic, text.endswith("fire")) == ("control", True)

    worker = notification_worker(nobody, outbox, FakeClock())
    assert isinstance(worker, DiscardingWorker)
    worker.discard_waiting()
    assert outbox.unsent(10) == ()
    database.close()
