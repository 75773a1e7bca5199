"""What the tools of an installation work with, whatever the transport."""

from binance_trade_agent.bootstrap.desk import Desk, open_desk
from binance_trade_agent.bootstrap.launched_migration import migrate_apart
from binance_trade_agent.bootstrap.log_tail import LogTail, secrets_of
from binance_trade_agent.bootstrap.secrets import dashboard_password, mcp_token
from binance_trade_agent.domain.modes import TradingMode
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.interfaces.mcp_server.confirmations import Confirmations
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox
from binance_trade_agent.settings import Settings


def equipped(settings: Settings) -> Toolbox:
    """The toolbox of the installation that `settings` name; raises `ConfigurationError`."""

    def opened() -> Desk:
        migrate_apart(settings.database_url)
        return open_desk(settings)

    must_confirm = settings.mcp_confirm_live and settings.mode is TradingMode.LIVE
    return Toolbox(
        DeskDoor(opened),
        confirmations=Confirmations() if must_confirm else None,
        logs=LogTail(
            settings.log_dir, secrets_of(settings, mcp_token(settings), dashboard_password(settings))
        ),
    )
