"""The stores: Redis, the gate, and SQL, the book; the only importer of their drivers."""
