"""Order lists: orders whose fates hang on each other (rest-api.md, "Order lists"). Pure.

* OCO, one cancels the other: two orders, one of which at most executes. They lock funds
  once, as much as the dearer of them needs.
* OTO, one triggers the other: a working order, and one or two (OTOCO) that stay PENDING_NEW,
  without a lock, until the working order is filled in full.

A list is over (ALL_DONE) once none of its orders is open.
"""

from dataclasses import dataclass
from enum import StrEnum


class Contingency(StrEnum):
    """What the orders of a list do to each other; an OTOCO is an OTO with two pending orders."""

    OCO = "OCO"
    OTO = "OTO"


class ListStatus(StrEnum):
    """What happened to a list last, `listStatusType` on the wire."""

    EXEC_STARTED = "EXEC_STARTED"
    ALL_DONE = "ALL_DONE"

    @property
    def order_status(self) -> str:
        """The `listOrderStatus` that goes with it."""
        return "ALL_DONE" if self is ListStatus.ALL_DONE else "EXECUTING"


@dataclass(frozen=True, slots=True)
class Leg:
    """One order of a list, by both its ids."""

    order_id: int
    client_order_id: str


@dataclass(frozen=True, slots=True)
class OrderList:
    """One order list; a new state is a new value.

    The legs stand in the order of their ids: an OTO's working order first. Times are milliseconds.
    """

    list_id: int
    account_id: int
    symbol: str
    contingency: Contingency
    client_order_id: str
    legs: tuple[Leg, ...]
    time_ms: int
    update_ms: int
    status: ListStatus = ListStatus.EXEC_STARTED

    @property
    def is_open(self) -> bool:
        """Whether an order of the list is still open."""
        return self.status is not ListStatus.ALL_DONE
