"""What of a symbol's trading rules the simulated exchange offers."""

from collections.abc import Mapping
from typing import Any

from binance_trade_agent.exchange.matching import OrderType

#: What does not exist here, whatever the market's rules say.
_NOT_OFFERED = {
    "icebergAllowed": False,
    "opoAllowed": False,
    "amendAllowed": False,
    "pegInstructionsAllowed": False,
}


def offered(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The symbol's exchangeInfo entry, cut to what exists here.

    Stops, lists and cancelReplace are the market's matter: a symbol that has none at Binance has none here.
    """
    known = set(OrderType)
    kinds = [kind for kind in rules["orderTypes"] if kind in known]
    return {**rules, **_NOT_OFFERED, "orderTypes": kinds}
