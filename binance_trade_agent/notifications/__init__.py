"""Messages to people: written to the outbox with what they tell of, sent from there."""
