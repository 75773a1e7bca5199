"""Measures what DESIGN sets as targets, on the real processes."""
