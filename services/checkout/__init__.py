"""Everything one can buy: carts, orders, stock, payment, and an account's history."""
