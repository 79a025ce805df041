"""A payment provider to practise with: its own HTTP service, store and signed webhooks."""
