"""What the trader's exit status says; supervisord acts on it (DESIGN.md, "Processes")."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit statuses of the processes; the table for people is docs/exit-codes.md."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    REFUSED = 3
    OUTCOME_UNKNOWN = 4
    LEASE_HELD = 75
    CONFIGURATION = 78
    FAILED_TOO_OFTEN = 79
    SIGTERM = 143
