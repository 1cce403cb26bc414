"""Proving as a product: what is tried where, on how many labs, and what is reported of it."""
