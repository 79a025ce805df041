"""What a purchase costs: reservations, refusals and payments a second, beside their limits."""
