"""Redis, the gate: it decides in microseconds who wins a unit, and carries the feeds."""
