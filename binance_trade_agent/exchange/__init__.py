"""The exchange as the trader meets it: the Binance adapter, and a local exchange that speaks its protocol."""
