"""Webhooks out to shops: their endpoints, and the delivery of events to them."""
