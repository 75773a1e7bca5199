"""What is kept of a call over MCP."""

from dataclasses import dataclass
from datetime import datetime

#: The outcome of a call that did what it was asked.
DONE = "DONE"
#: The outcome of a call that was answered with a question to the user.
ASKED = "ASKED"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call: who made it with which tier, what of, and how it ended.

    `tool` is a tool's name, a resource's address, or `prompt NAME`; `outcome` is DONE, ASKED, or the code of the refusal.
    `arguments` are JSON, masked and cut short. A refusal at the door has the tool `door` and the tier "".
    """

    at: datetime
    caller: str
    tier: str
    tool: str
    arguments: str
    outcome: str
    took_ms: float
