"""What pages are made of: numbers, times, badges, cards, tables, charts and states."""
