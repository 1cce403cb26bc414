"""The public API: finds replicas, protects the shop, and composes pages."""
