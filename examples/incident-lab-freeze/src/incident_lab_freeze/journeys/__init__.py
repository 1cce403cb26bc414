"""A journey: people who read reviews before they buy."""
