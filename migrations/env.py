"""Alembic's entry: works on the connection it is given, or on DATABASE_URL when run from the command line."""

import os

from alembic import context
from sqlalchemy import Connection

from binance_trade_agent.storage.database import connect_engine, parse_url
from binance_trade_agent.storage.models import Base


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = connect_engine(parse_url(os.environ.get("DATABASE_URL", "sqlite:///data/portfolio.db")))
    with engine.connect() as own:
        run(own)
    engine.dispose()
