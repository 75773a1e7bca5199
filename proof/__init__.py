"""Proof that no order is doubled or lost: the real processes, killed and failed on purpose, then counted."""
