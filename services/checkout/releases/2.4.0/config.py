"""What a restart may change; environment variables of the same name win."""

from __future__ import annotations

DB_POOL_MAX = 2  # connections we keep open; idle ones cost Postgres memory
DB_POOL_TIMEOUT_S = 3.0
DB_STATEMENT_TIMEOUT_S = 5.0
QUEUE_POOL_MAX = 8
QUEUE_TIMEOUT_S = 0.5
OUTBOX_TIDY_EVERY_S = 1.0
HISTORY_LENGTH = 20
