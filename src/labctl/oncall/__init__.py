"""What the engineer on call does in a drill: what was done so far, what is valid now, and doing it."""
