"""What every service of the shop is made of."""
