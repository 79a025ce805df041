"""SQL, the book: products, checkouts, payments, orders and the ledger."""
