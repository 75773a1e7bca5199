"""Traders that are broken on purpose: the machinery must see them double and lose orders.

`BTA_PROOF_BROKEN=resends python -m proof.broken` starts the trader with an adapter that sends an
order again after a timeout; `forgets` starts it with a journal that takes UNKNOWN for not placed.
"""

import os
import sys

from binance_trade_agent import autonomous_trading_loop
from binance_trade_agent.bootstrap import trader
from binance_trade_agent.domain.errors import OutcomeUnknown
from binance_trade_agent.domain.orders import ExchangeOrder, JournalOrder, OrderIntent
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.storage.journal import SqlOrderJournal

VARIABLE = "BTA_PROOF_BROKEN"


class ResendingExchange(BinanceExchange):
    """Sends an order once more when the answer is missing."""

    async def place(self, intent: OrderIntent) -> ExchangeOrder:
        """As the adapter, twice if need be."""
        try:
            return await super().place(intent)
        except OutcomeUnknown:
            return await super().place(intent)


class ForgetfulJournal(SqlOrderJournal):
    """Takes a missing answer for a no."""

    def mark_unknown(self, client_order_id: str, reason: str) -> JournalOrder:
        """Not placed, without a look."""
        row = self.get(client_order_id)
        return self.mark_not_placed(client_order_id, reason) if row.status.is_unresolved else row


def main() -> int:
    """Run the trader with the part that the environment names."""
    broken = os.environ[VARIABLE]
    if broken == "resends":
        vars(trader)["BinanceExchange"] = ResendingExchange
    elif broken == "forgets":
        vars(trader)["SqlOrderJournal"] = ForgetfulJournal
    else:
        raise ValueError(f"{VARIABLE}={broken}: resends or forgets")
    return autonomous_trading_loop.main([])


if __name__ == "__main__":
    sys.exit(main())
