"""The gates an order passes. Each is a function of the proposal and says what it saw.

All gates of an order are asked, also after one has blocked, so none may rely on another. A gate
that compares passes where its observed value keeps to its limit; both are in the same unit.
"""
