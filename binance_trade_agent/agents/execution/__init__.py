"""The execution agent: places approved orders, and finds out what became of those it cannot be sure of."""
