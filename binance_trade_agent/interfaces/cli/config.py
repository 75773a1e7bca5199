"""`config show`."""

from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.interfaces.cli.output import print_json, table
from binance_trade_agent.settings import load_settings


def show(as_json: bool) -> None:
    """Every setting: value, where it came from, what it is."""
    with exit_statuses():
        rows = load_settings().sources()
    if as_json:
        keys = ("name", "value", "source", "description")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        table("Settings", ("name", "value", "from", "what it is"), rows)
