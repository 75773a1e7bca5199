"""How the trader shows itself: log lines, metrics, and the verdict on its health."""
