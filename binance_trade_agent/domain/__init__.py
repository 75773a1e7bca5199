"""What the trader talks about: money, markets, orders, portfolio, decisions. Pure values, no I/O."""
