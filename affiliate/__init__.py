"""Selling for others: will hold account binding, showcases, plans, commissions and payouts."""
