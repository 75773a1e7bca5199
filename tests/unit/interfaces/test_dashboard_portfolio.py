"""What the page of the portfolio shows."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from binance_trade_agent.domain.history_rows import AccountBook, AssetFlows
from binance_trade_agent.domain.records import FlowRow, ForeignOrderRow, Incident
from binance_trade_agent.interfaces.dashboard.pages import portfolio
from tests.fakes import START, FakeDesk, fake_desk
from tests.resting import with_oco
from tests.unit.interfaces.test_dashboard_overview import text, with_dust
from tests.unit.interfaces.test_dashboard_trades import figures_of


def moved_desk() -> FakeDesk:
    """A desk whose account held 0.1 ETH and 3 DOGE before, and lost 25 USDT that nothing explains."""
    desk = with_oco(fake_desk())
    desk.reads.balance_rows = {
        "USDT": Decimal("9004.2118"),
        "BTC": Decimal("0.015984"),
        "ETH": Decimal("0.1"),
        "DOGE": Decimal(3),
    }
    desk.history_reads.account = AccountBook(
        START - timedelta(seconds=12),
        (
            AssetFlows("DOGE", "opening", Decimal(3), 1),
            AssetFlows("USDT", "difference", Decimal("-25"), 2),
            AssetFlows("USDT", "opening", Decimal(10000), 1),
        ),
    )
    return desk


def test_the_ledger_stands_beside_the_exchange_with_the_difference() -> None:
    told = " ".join(text(portfolio.account(moved_desk())).split())

    assert (
        "compares both in each cycle (every 5 s), and notes once a minute that they agree: last 09:29:48"
        in told
    )
    assert "USDT 9,029.2118 9,004.2118 ! −25 9,004.21" in told
    assert "BTC 0.015984 0.015984 none 0.015984 0.01598 0 1,004.68" in told
    assert "ETH 0.1 0.1 none 0 0.1" in told
    assert "DOGE" not in told
    assert "1 more assets were there before" in told


def test_the_age_of_the_comparison_is_said_with_what_makes_a_new_one() -> None:
    def told(desk: FakeDesk) -> str:
        return " ".join(text(portfolio.account(desk)).split())

    old = moved_desk()
    old.history_reads.account = AccountBook(START - timedelta(minutes=10), ())
    assert "agreed last. Since then the account could not be read, or differs" in told(old)
    dead = moved_desk()
    dead.clock.advance(7200)
    assert "agreed last. The trader compares both again in each cycle (every 5 s) once it runs" in told(dead)


def test_figures_are_exact() -> None:
    assert figures_of(portfolio.account(moved_desk())) == {
        "equity": "10008.8918",
        "cash": "9004.2118",
        "in-positions": "1004.68",
        "put-in": "10000",
        "profit": "8.8918",
        "unrealised": "4.8388",
        "differing": "1",
    }


def test_a_position_larger_than_the_account_and_dust_are_named() -> None:
    desk = moved_desk()
    desk.reads.balance_rows["BTC"] = Decimal("0.01")
    incident = Incident("position_short:BTCUSDT", "BTCUSDT: 0.005984 are no longer there", "critical", START)
    desk.reads.stored = replace(desk.reads.stored, incidents=(incident,))
    told = text(portfolio.account(desk))
    assert "✕ −0.005984" in told
    assert "0.005984 are no longer there" in told

    assert "Too little to be sold" in text(portfolio.account(with_dust(fake_desk())))


def test_what_others_did_is_shown() -> None:
    desk = moved_desk()
    desk.reads.flow_rows = (FlowRow("deposit", "USDT", Decimal(250), None, "deposit 771", START),)
    desk.reads.foreign_rows = (
        ForeignOrderRow(
            "BTCUSDT", 24, "web_1", "BUY", "LIMIT", Decimal("60000"), Decimal("0.002"), Decimal(0), START
        ),
    )
    assert "deposit +250 USDT" in text(portfolio.flows(desk))
    assert "BTCUSDT ▲ BUY limit 0.002" in text(portfolio.foreign(desk))


def test_an_empty_database_says_what_to_do() -> None:
    desk = fake_desk(empty=True)
    told = text(portfolio.account(desk))
    assert "make up" in told
    assert "Nothing was moved" in text(portfolio.flows(desk))
    assert "Nobody else" in text(portfolio.foreign(desk))


def test_the_file_holds_every_asset() -> None:
    (export,) = portfolio.PAGE.exports
    rows = [dict(zip(export.columns, row, strict=True)) for row in export.rows(moved_desk(), {})]
    assert [row["asset"] for row in rows] == ["USDT", "BTC", "DOGE", "ETH"]
    assert rows[0]["ledger"] == Decimal("9029.2118")
    assert rows[2]["not_ours"] == Decimal(3)
