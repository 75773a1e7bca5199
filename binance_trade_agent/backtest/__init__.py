"""Deciding over the past: sessions again from what is stored."""
