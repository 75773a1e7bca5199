"""Scripted faults: rules that make the simulated exchange fail as the real one does."""
