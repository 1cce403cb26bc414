"""What a restart may change; environment variables of the same name win."""

from __future__ import annotations

DB_POOL_MAX = 8  # requests that may be in the database at a time
DB_POOL_TIMEOUT_S = 3.0
DB_STATEMENT_TIMEOUT_S = 5.0
QUEUE_POOL_MAX = 8
QUEUE_TIMEOUT_S = 0.5
HISTORY_LENGTH = 20
