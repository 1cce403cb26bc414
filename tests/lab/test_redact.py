"""Secrets are not kept, whoever typed them."""

from __future__ import annotations

import pytest

from labctl.lab.redact import redacted


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["set", "checkout", "POSTGRES_PASSWORD=hunter2"], ["set", "checkout", "POSTGRES_PASSWORD=***"]),
        (["psql", "alter role shop password 'hunter2'"], ["psql", "alter role shop password '***'"]),
        (["psql", "ALTER ROLE shop WITH PASSWORD 'it''s'"], ["psql", "ALTER ROLE shop WITH PASSWORD '***'"]),
        (["redis", "redis-cache", "auth", "hunter2"], ["redis", "redis-cache", "auth", "***"]),
        (
            ["redis", "redis-cache", "config", "set", "requirepass", "hunter2"],
            ["redis", "redis-cache", "config", "set", "requirepass", "***"],
        ),
        (
            ["sh", "checkout", "--", "psql", "postgres://shop:hunter2@db/shop"],
            ["sh", "checkout", "--", "psql", "postgres://shop:***@db/shop"],
        ),
        (["logs", "--grep", "s3cret is it"], ["logs", "--grep", "*** is it"]),
        (["set", "checkout", "DB_POOL_MAX=8"], ["set", "checkout", "DB_POOL_MAX=8"]),
        (["query", 'rate(x{job="checkout"}[10s])'], ["query", 'rate(x{job="checkout"}[10s])']),
    ],
)
def test_secrets_are_starred_and_all_else_is_kept(typed: list[str], kept: list[str]) -> None:
    """By the lab's own secrets, and by what looks like one; a command without is kept to the letter."""
    assert redacted(typed, ["s3cret", ""]) == kept
