"""The schema of the simulated exchange's file and how an older file becomes this one."""

VERSION = 2

VERSION_1 = """
CREATE TABLE accounts (account_id INTEGER PRIMARY KEY, api_key TEXT NOT NULL UNIQUE, opened_ms INTEGER NOT NULL);
CREATE TABLE balances (
    account_id INTEGER NOT NULL REFERENCES accounts, asset TEXT NOT NULL, free TEXT NOT NULL, locked TEXT NOT NULL,
    PRIMARY KEY (account_id, asset)) WITHOUT ROWID;
CREATE TABLE transfers (
    transfer_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts, asset TEXT NOT NULL,
    amount TEXT NOT NULL, time_ms INTEGER NOT NULL);
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts, symbol TEXT NOT NULL,
    client_order_id TEXT NOT NULL, side TEXT NOT NULL, type TEXT NOT NULL, time_in_force TEXT NOT NULL,
    price TEXT NOT NULL, quantity TEXT NOT NULL, quote_quantity TEXT NOT NULL,
    time_ms INTEGER NOT NULL, update_ms INTEGER NOT NULL, status TEXT NOT NULL,
    executed TEXT NOT NULL, executed_quote TEXT NOT NULL, expiry_reason TEXT NOT NULL, stp_mode TEXT NOT NULL);
CREATE INDEX orders_of_symbol ON orders (account_id, symbol, order_id);
CREATE INDEX orders_by_client_id ON orders (account_id, client_order_id);
CREATE INDEX orders_open ON orders (status) WHERE status IN ('NEW', 'PARTIALLY_FILLED');
CREATE TABLE fills (
    trade_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders,
    account_id INTEGER NOT NULL REFERENCES accounts, symbol TEXT NOT NULL, side TEXT NOT NULL,
    price TEXT NOT NULL, quantity TEXT NOT NULL, quote_quantity TEXT NOT NULL,
    commission TEXT NOT NULL, commission_asset TEXT NOT NULL, is_maker INTEGER NOT NULL, time_ms INTEGER NOT NULL);
CREATE INDEX fills_of_symbol ON fills (account_id, symbol, trade_id);
CREATE INDEX fills_of_order ON fills (order_id);
"""

# Version 1 knew neither stops nor lists: every order went to the book when it was placed.
_VERSION_2 = """
ALTER TABLE orders ADD COLUMN list_id INTEGER NOT NULL DEFAULT -1;
ALTER TABLE orders ADD COLUMN stop_price TEXT NOT NULL DEFAULT '0';
ALTER TABLE orders ADD COLUMN trailing_delta INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN trailing_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN extreme TEXT NOT NULL DEFAULT '0';
ALTER TABLE orders ADD COLUMN reserve_price TEXT NOT NULL DEFAULT '0';
ALTER TABLE orders ADD COLUMN working_ms INTEGER NOT NULL DEFAULT 0;
UPDATE orders SET working_ms = time_ms;
DROP INDEX orders_open;
CREATE INDEX orders_open ON orders (status) WHERE status IN ('PENDING_NEW', 'NEW', 'PARTIALLY_FILLED');
CREATE INDEX orders_of_list ON orders (list_id) WHERE list_id >= 0;
CREATE TABLE order_lists (
    list_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts, symbol TEXT NOT NULL,
    contingency TEXT NOT NULL, client_order_id TEXT NOT NULL, status TEXT NOT NULL,
    time_ms INTEGER NOT NULL, update_ms INTEGER NOT NULL);
CREATE INDEX order_lists_of_account ON order_lists (account_id, list_id);
CREATE INDEX order_lists_by_client_id ON order_lists (account_id, client_order_id);
"""


def statements_from(version: int) -> list[str]:
    """What brings a file of `version` (0: a new one) to the present schema, in order."""
    scripts = (VERSION_1, _VERSION_2)[version:]
    found = [statement for script in scripts for statement in script.split(";\n") if statement.strip()]
    return [*found, f"PRAGMA user_version = {VERSION}"]
