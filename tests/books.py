"""Compares what the database says with what the exchange itself holds."""

from binance_trade_agent.control.watching import Watch
from proof.comparison import compare, read_books
from proof.exchange import ControlledExchange
from tests.processes import Installation


def check_books(place: Installation, watch: Watch) -> None:
    """Same orders, same fills, same balances to the last digit; none lost, none twice for one decision.

    An order that a kill or a stop left unresolved may be there or not, but then its fills, and those of
    protection that traded meanwhile, are all by which the balances differ.
    """
    differences = compare(ControlledExchange(place.settings.simulator_port).truth(), read_books(watch))
    assert not differences.faults, str(differences)
