"""What a restart may change; environment variables of the same name win."""

from __future__ import annotations

DB_POOL_MAX = 4
DB_POOL_TIMEOUT_S = 5.0
DB_STATEMENT_TIMEOUT_S = 5.0
QUEUE_POOL_MAX = 4
QUEUE_TIMEOUT_S = 2.0
CLAIM_AFTER_S = 10.0  # an event that another worker has not finished by then is ours
