"""What there is to sell: products, their SKUs, prices and stock."""
