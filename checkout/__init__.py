"""From a full cart to a paid order: pricing, payment, reconciliation, the books."""
