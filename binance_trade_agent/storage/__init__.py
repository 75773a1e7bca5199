"""The database: journal, ledger, decision log, control state, read models, lease. The only place that knows SQLAlchemy."""
