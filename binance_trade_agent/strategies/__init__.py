"""Rules that turn closed candles into advice: indicators, the base class, the registry, one file a strategy."""
