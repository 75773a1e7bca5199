"""What a dashboard before this one left open is ended, also where the database cannot be used at first."""

from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.domain.acts import Act, ActKind
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.interfaces.dashboard.program_acts import end_left_open
from binance_trade_agent.interfaces.desks import Desk, DeskDoor
from tests.fakes import FakeDesk, fake_desk


class Slow:
    """A desk that opens at the third asking."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk, self.asked = desk, 0

    def open(self) -> Desk:
        self.asked += 1
        if self.asked < 3:
            raise StorageError("the database does not answer yet")
        return self.desk


def test_a_database_that_comes_late_is_waited_for() -> None:
    desk = fake_desk()
    began = SystemClock().now()
    act = Act(ActKind.STOP, "ann", "dashboard", "", began, "k")
    assert desk.state.open_act(act, "RUNNING", {"program": "dash_ui"}) is None
    desk.reads.audit_rows = tuple(desk.state.rows)
    door = Slow(desk)
    end_left_open(DeskDoor(door.open), again_s=0.01)
    assert door.asked == 3
    (row,) = desk.state.rows
    assert (row.outcome, row.answer) == ("failed", "whoever did it ended in between; dash_ui is RUNNING")
