"""The dashboard: see at a glance, act safely, find out why."""
