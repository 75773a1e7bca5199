"""What an act is recorded with where nobody said why. Imports nothing: the command line's `--help` loads it."""

NO_REASON = "no reason given"
