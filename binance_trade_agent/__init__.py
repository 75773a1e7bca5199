"""An autonomous Binance Spot trader that a person can leave running."""

__version__ = "0.1.0"
