"""What a viewer means to buy: lines and limits, and holds on stock."""
