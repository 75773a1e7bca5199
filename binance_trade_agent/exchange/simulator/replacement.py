"""cancelReplace: what was asked, and what became of its two halves (rest-api.md, errors.md -2021, -2022)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from binance_trade_agent.exchange.matching import Fill, Order
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.new_order import NewOrder

_SUCCESS, _FAILURE, _NOT_ATTEMPTED = "SUCCESS", "FAILURE", "NOT_ATTEMPTED"
_TOO_MANY = 429

#: What is told when the order count is full and nothing was tried.
NOT_ATTEMPTED: dict[str, Any] = {
    "cancelResult": _NOT_ATTEMPTED,
    "newOrderResult": _NOT_ATTEMPTED,
    "cancelResponse": None,
    "newOrderResponse": None,
}


class Mode(StrEnum):
    """Whether the new order is placed when the cancel fails."""

    STOP_ON_FAILURE = "STOP_ON_FAILURE"
    ALLOW_FAILURE = "ALLOW_FAILURE"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A cancel and the order that is to follow it.

    `find` gives the order to cancel or raises the -2011 that the cancel is answered with.
    `cancels_over_limit`: cancel even when the order count leaves no room for the new order.
    """

    find: Callable[[], Order]
    cancel_id: str
    mode: Mode
    new: NewOrder
    cancels_over_limit: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether a cancel that failed does not matter."""
        return self.mode is Mode.ALLOW_FAILURE


@dataclass(frozen=True, slots=True)
class Replaced:
    """The orders cancelled and the order placed, or why not; `placed` None when it was not attempted."""

    cancelled: list[Order] | ApiError
    placed: tuple[Order, list[Fill]] | ApiError | None

    def told(
        self, cancel_view: Callable[[list[Order]], Any], placed_view: Callable[[Order, list[Fill]], Any]
    ) -> dict[str, Any]:
        """The reply, or its `data` when one half failed."""
        view = dict(NOT_ATTEMPTED)
        if isinstance(self.cancelled, ApiError):
            view |= {"cancelResult": _FAILURE, "cancelResponse": self.cancelled.body}
        else:
            view |= {"cancelResult": _SUCCESS, "cancelResponse": cancel_view(self.cancelled)}
        if isinstance(self.placed, ApiError):
            view |= {"newOrderResult": _FAILURE, "newOrderResponse": self.placed.body}
        elif self.placed is not None:
            view |= {"newOrderResult": _SUCCESS, "newOrderResponse": placed_view(*self.placed)}
        return view

    def failure(self, mode: Mode, data: dict[str, Any]) -> ApiError | None:
        """How the request is refused, with the `told` as data; None when both halves succeeded."""
        refusal = self.placed if isinstance(self.placed, ApiError) else None
        if refusal is not None and refusal.status == _TOO_MANY and mode is Mode.STOP_ON_FAILURE:
            return refusal.with_data(data)
        cancel_failed = isinstance(self.cancelled, ApiError)
        new_failed = self.placed is None or isinstance(self.placed, ApiError)
        if cancel_failed and new_failed:
            return ApiError(-2022, "Order cancel-replace failed.", data=data)
        if cancel_failed or new_failed:
            return ApiError(-2021, "Order cancel-replace partially failed.", status=409, data=data)
        return None
