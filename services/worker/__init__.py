"""What happens to an order after the customer was answered."""
