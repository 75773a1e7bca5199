"""Where the simulator's prices come from: generated, replayed from a file, or relayed."""
