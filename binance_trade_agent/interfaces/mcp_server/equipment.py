"""What the tools of an installation work with, whatever the transport."""

from binance_trade_agent.bootstrap.desk import open_desk
from binance_trade_agent.bootstrap.log_tail import LogTail, secrets_of
from binance_trade_agent.bootstrap.secrets import dashboard_password, mcp_token
from binance_trade_agent.domain.modes import TradingMode
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.interfaces.mcp_server.confirmations import Confirmations
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox
from binance_trade_agent.settings import Settings


def equipped(settings: Settings) -> Toolbox:
    """The toolbox of the installation that `settings` name; raises `ConfigurationError`."""
    must_confirm = settings.mcp_confirm_live and settings.mode is TradingMode.LIVE
    return Toolbox(
        DeskDoor(lambda: open_desk(settings)),
        confirmations=Confirmations() if must_confirm else None,
        settings=settings.sources,
        logs=LogTail(
            settings.log_dir, secrets_of(settings, mcp_token(settings), dashboard_password(settings))
        ),
    )
