"""A local exchange: Binance's Spot protocol over the matching engine."""
