"""What the user stream's payloads mean. The payloads are those of Binance's documentation, or built on them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from binance_trade_agent.domain.orders import ExchangeOrder, Fill, OrderStatus, OrderType, Side
from binance_trade_agent.domain.user_events import OrderReported, Transferred
from binance_trade_agent.exchange.binance.mapping import MALFORMED
from binance_trade_agent.exchange.binance.stream_events import unknown_parts, user_event

# user-data-stream.md, Order Update
NEW_LIMIT = orjson.loads(
    '{"e":"executionReport","E":1499405658658,"s":"ETHBTC","c":"mUvoqJxFIILMdfAW5iGSOW","S":"BUY","o":"LIMIT",'
    '"f":"GTC","q":"1.00000000","p":"0.10264410","P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"NEW",'
    '"X":"NEW","r":"NONE","i":4293153,"l":"0.00000000","z":"0.00000000","L":"0.00000000","n":"0","N":null,'
    '"T":1499405658657,"t":-1,"I":8641984,"w":true,"m":false,"M":false,"O":1499405658657,"Z":"0.00000000",'
    '"Y":"0.00000000","Q":"0.00000000","W":1499405658657,"V":"NONE"}'
)
AT = datetime(2017, 7, 7, 5, 34, 18, 657_000, tzinfo=UTC)
TRADE = {
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "l": "0.40000000",
    "z": "0.60000000",
    "L": "0.10264400",
    "Y": "0.04105760",
    "Z": "0.06158640",
    "n": "0.00030000",
    "N": "BNB",
    "t": 77517,
    "m": True,
}


def order_in(**fields: Any) -> ExchangeOrder:
    event = user_event(NEW_LIMIT | fields)
    assert isinstance(event, OrderReported)
    return event.order


def test_a_new_order() -> None:
    assert order_in() == ExchangeOrder(
        symbol="ETHBTC",
        client_order_id="mUvoqJxFIILMdfAW5iGSOW",
        exchange_order_id=4293153,
        side=Side.BUY,
        status=OrderStatus.OPEN,
        quantity=Decimal(1),
        executed=Decimal(0),
        quote_executed=Decimal(0),
        updated_at=AT,
        order_type=OrderType.LIMIT,
        price=Decimal("0.10264410"),
        stop_price=Decimal(0),
    )


def test_a_trade_brings_its_fill() -> None:
    order = order_in(**TRADE)

    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert (order.executed, order.quote_executed) == (Decimal("0.6"), Decimal("0.0615864"))
    assert order.fills == (
        Fill(
            symbol="ETHBTC",
            trade_id=77517,
            exchange_order_id=4293153,
            side=Side.BUY,
            price=Decimal("0.102644"),
            quantity=Decimal("0.4"),
            quote_quantity=Decimal("0.0410576"),
            commission=Decimal("0.0003"),
            commission_asset="BNB",
            traded_at=AT,
            is_maker=True,
        ),
    )
    assert not order.is_complete


def test_a_free_trade_without_an_asset_is_left_to_the_list_of_trades() -> None:
    order = order_in(**TRADE | {"n": "0", "N": None})

    assert order.fills == ()
    assert order.executed == Decimal("0.6")


def test_a_free_trade_with_an_asset_is_a_fill() -> None:
    assert order_in(**TRADE | {"n": "0.00000000"}).fills[0].commission == 0


@pytest.mark.parametrize(
    ("execution", "name", "status"),
    [
        ("NEW", "NEW", OrderStatus.OPEN),
        ("NEW", "PENDING_NEW", OrderStatus.OPEN),
        ("REJECTED", "REJECTED", OrderStatus.REJECTED),
        ("CANCELED", "CANCELED", OrderStatus.CANCELED),
        ("EXPIRED", "EXPIRED", OrderStatus.EXPIRED),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
        ("REPLACED", "NEW", OrderStatus.OPEN),
    ],
)
def test_statuses(execution: str, name: str, status: OrderStatus) -> None:
    order = order_in(x=execution, X=name)

    assert order.status is status
    assert order.fills == ()


@pytest.mark.parametrize("execution", ["CANCELED", "REPLACED"])
def test_the_id_of_a_cancel_or_an_amendment_is_not_the_orders(execution: str) -> None:
    order = order_in(x=execution, X="CANCELED", c="web_cancel", C="bta-mine")

    assert order.client_order_id == "bta-mine"


def test_an_order_that_the_exchange_cancels_keeps_its_id() -> None:
    assert order_in(x="CANCELED", X="CANCELED", c="bta-mine", C="").client_order_id == "bta-mine"


def test_the_original_id_matters_for_cancels_only() -> None:
    assert order_in(x="EXPIRED", X="EXPIRED", c="bta-mine", C="older").client_order_id == "bta-mine"


def test_an_expired_leg_of_an_oco() -> None:
    order = order_in(x="EXPIRED", X="EXPIRED", o="STOP_LOSS_LIMIT", P="0.09000000", eR="OCO_TRIGGER", g=2)

    assert (order.order_type, order.stop_price) == (OrderType.STOP_LOSS_LIMIT, Decimal("0.09"))


@pytest.mark.parametrize(
    "fields",
    [
        {"s": ""},
        {"c": None},
        {"p": None},
        {"q": 1.0},
        {"z": "NaN"},
        {"Z": "-1"},
        {"X": "WHATEVER"},
        {"o": "WHATEVER"},
        {"S": "HOLD"},
        {"T": "yesterday"},
        {"i": None},
        TRADE | {"t": -1},
        TRADE | {"l": "0"},
        TRADE | {"l": "0.7"},
        TRADE | {"N": None},
        TRADE | {"Y": None},
    ],
    ids=str,
)
def test_malformed_reports_raise(fields: dict[str, Any]) -> None:
    with pytest.raises(MALFORMED):
        user_event(NEW_LIMIT | fields)


@pytest.mark.parametrize("name", ["s", "c", "C", "S", "o", "q", "p", "P", "x", "X", "i", "z", "Z", "T"])
def test_reports_without_a_needed_field_raise(name: str) -> None:
    with pytest.raises(MALFORMED):
        user_event(
            {field: value for field, value in (NEW_LIMIT | {"x": "CANCELED"}).items() if field != name}
        )


def test_a_deposit() -> None:
    event = {"e": "balanceUpdate", "E": 1573200697110, "a": "BTC", "d": "100.00000000", "T": 1573200697068}

    transfer = user_event(event)

    assert isinstance(transfer, Transferred)
    assert (transfer.asset, transfer.amount) == ("BTC", Decimal(100))
    assert transfer.at == datetime(2019, 11, 8, 8, 11, 37, 68_000, tzinfo=UTC)


def test_a_withdrawal_is_negative() -> None:
    transfer = user_event({"e": "balanceUpdate", "E": 1, "a": "BTC", "d": "-2.50000000", "T": 1})

    assert isinstance(transfer, Transferred)
    assert transfer.amount == Decimal("-2.5")


def test_a_transfers_reference_is_the_same_when_it_is_told_again_and_no_other_transfers() -> None:
    event = {"e": "balanceUpdate", "E": 1573200697110, "a": "BTC", "d": "100.00000000", "T": 1573200697068}
    others = [{"a": "ETH"}, {"d": "-100.00000000"}, {"d": "100.00000001"}, {"T": 1573200697069}]

    def reference(**fields: Any) -> str:
        transfer = user_event(event | fields)
        assert isinstance(transfer, Transferred)
        return transfer.reference

    assert reference() == reference(E=1573200699999) == reference(d="100.0")
    assert len({reference(), *(reference(**other) for other in others)}) == 5


@pytest.mark.parametrize(
    "fields", [{"a": ""}, {"a": None}, {"d": None}, {"d": 5}, {"d": "Infinity"}, {"T": None}], ids=str
)
def test_malformed_transfers_raise(fields: dict[str, Any]) -> None:
    with pytest.raises(MALFORMED):
        user_event({"e": "balanceUpdate", "E": 1, "a": "BTC", "d": "1", "T": 1} | fields)


@pytest.mark.parametrize(
    "kind", ["outboundAccountPosition", "listStatus", "externalLockUpdate", "notYetInvented"]
)
def test_other_events_mean_nothing(kind: str) -> None:
    assert user_event({"e": kind}) is None


def test_what_is_unknown_is_named() -> None:
    assert unknown_parts(NEW_LIMIT | TRADE | {"d": 4, "Cs": "BTCUSDT", "eR": "x", "uS": True}) == ()
    assert unknown_parts(NEW_LIMIT | {"newField": None}) == ("executionReport.newField",)
    assert unknown_parts({"e": "listStatus", "new": 1}) == ()
    assert unknown_parts({"e": "notYetInvented"}) == ("notYetInvented",)
