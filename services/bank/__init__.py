"""The bank: a third party that charges cards. Not ours to change."""
