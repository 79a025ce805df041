"""What everybody may use: ids, money, errors, clock, settings and tokens; no I/O."""
