"""What this machine can run, and what to do about what it lacks."""
