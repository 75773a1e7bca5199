"""The MCP server: what an AI agent may see and do, over streamable HTTP at `/mcp`."""
