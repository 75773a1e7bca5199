"""The four agents of a cycle. They never import each other; the orchestrator passes values between them."""
