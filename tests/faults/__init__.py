"""A true server under true faults: its processes are killed while people buy."""
