"""What the simulated exchange itself knows, and the faults it is told to have: its control routes."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from binance_trade_agent.domain.orders import CLIENT_ORDER_ID_PREFIX

Rule = Mapping[str, Any]

_TIMEOUT_S = 20
_SETTLE_READS = 20


@dataclass(frozen=True, slots=True)
class TrueOrder:
    """An order at the exchange."""

    symbol: str
    order_id: int
    client_order_id: str
    side: str
    status: str
    executed: Decimal

    @property
    def is_ours(self) -> bool:
        """Whether the trader placed it."""
        return self.client_order_id.startswith(CLIENT_ORDER_ID_PREFIX)


@dataclass(frozen=True, slots=True)
class TrueFill:
    """A trade at the exchange; `flows` is what it did to the account."""

    symbol: str
    trade_id: int
    order_id: int
    is_buy: bool
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    commission: Decimal
    commission_asset: str

    @property
    def key(self) -> tuple[str, int]:
        """Unique at the exchange."""
        return self.symbol, self.trade_id

    def flows(self, base: str, quote: str) -> tuple[tuple[str, Decimal], ...]:
        """(asset, change of the account's balance), an asset perhaps twice."""
        sign = 1 if self.is_buy else -1
        return (
            (base, sign * self.quantity),
            (quote, -sign * self.quote_quantity),
            (self.commission_asset, -self.commission),
        )


@dataclass(frozen=True, slots=True)
class Truth:
    """Orders, fills and balances of the exchange's one account, as of one moment."""

    orders: tuple[TrueOrder, ...]
    fills: tuple[TrueFill, ...]
    balances: Mapping[str, Decimal]

    @property
    def own_orders(self) -> tuple[TrueOrder, ...]:
        """Those the trader placed."""
        return tuple(order for order in self.orders if order.is_ours)


class ControlledExchange:
    """The control routes of a simulator on this machine."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/control"

    def truth(self) -> Truth:
        """All it holds; read again while trades happen in between."""
        for _ in range(_SETTLE_READS):
            before = self.get("fills"), self.get("orders")
            state = self.get("state")
            if before == (self.get("fills"), self.get("orders")):
                fills, orders = before
                (account,) = state["accounts"]
                return Truth(
                    tuple(_order(row) for row in orders),
                    tuple(_fill(row) for row in fills),
                    {b["asset"]: Decimal(b["free"]) + Decimal(b["locked"]) for b in account["balances"]},
                )
            time.sleep(0.01)
        raise AssertionError("the exchange did not hold still to be read")

    def add(self, *rules: Rule) -> list[int]:
        """Put rules into force; their ids."""
        ids = self.post("faults", list(rules))["ids"]
        return [int(rule_id) for rule_id in ids]

    def remove(self, rule_ids: Iterable[int]) -> None:
        """End rules, releasing what they hold."""
        for rule_id in rule_ids:
            self._ask("DELETE", f"faults/{rule_id}")

    def clear(self) -> None:
        """End all rules."""
        self._ask("DELETE", "faults")

    def fired(self, rule_ids: Sequence[int]) -> list[int]:
        """How often each of these rules acted."""
        counts = {int(rule["id"]): int(rule["fired"]) for rule in self.get("faults")}
        return [counts[rule_id] for rule_id in rule_ids]

    def received(self, method: str, path: str) -> int:
        """How many requests arrived since the start."""
        requests = self.get("requests")
        return int(requests.get(f"{method} {path}", {}).get("received", 0))

    def get(self, what: str) -> Any:
        """A control route's answer."""
        return self._ask("GET", what)

    def post(self, what: str, body: object) -> Any:
        """The same with a body."""
        return self._ask("POST", what, body)

    def _ask(self, method: str, what: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 the address is this machine's own
            f"{self._address}/{what}", data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                raw = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} /control/{what}: {error.code} {error.read().decode()}") from error
        return json.loads(raw) if raw else None


def _order(row: Mapping[str, Any]) -> TrueOrder:
    return TrueOrder(
        symbol=row["symbol"],
        order_id=int(row["orderId"]),
        client_order_id=row["clientOrderId"],
        side=row["side"],
        status=row["status"],
        executed=Decimal(row["executedQty"]),
    )


def _fill(row: Mapping[str, Any]) -> TrueFill:
    return TrueFill(
        symbol=row["symbol"],
        trade_id=int(row["id"]),
        order_id=int(row["orderId"]),
        is_buy=bool(row["isBuyer"]),
        price=Decimal(row["price"]),
        quantity=Decimal(row["qty"]),
        quote_quantity=Decimal(row["quoteQty"]),
        commission=Decimal(row["commission"]),
        commission_asset=row["commissionAsset"],
    )
