"""Whether a database is at this version's schema, without loading Alembic (11 MB) to find out."""

from sqlalchemy import inspect, text

from binance_trade_agent.storage.database import connect_engine, parse_url, sqlite_path, translated_errors

#: The newest migration in `migrations/versions`; a test compares it with Alembic's own head.
HEAD = "0006"

_VERSION = text("SELECT version_num FROM alembic_version")


def is_current(url: str) -> bool:
    """Whether the database is at `HEAD`; creates nothing. False leaves the question to `migration.migrate`.

    Raises:
        ConfigurationError: the URL is none of ours.
        StorageError: the database cannot be read.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not sqlite_path(parsed).exists():
        return False
    engine = connect_engine(parsed)
    try:
        with translated_errors(parsed), engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return connection.scalars(_VERSION).all() == [HEAD]
    finally:
        engine.dispose()
