"""The adapter to Binance Spot; the only package that knows python-binance."""
