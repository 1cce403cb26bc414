"""What a restart may change; environment variables of the same name win."""

from __future__ import annotations

DB_POOL_MAX = 8
DB_POOL_TIMEOUT_S = 2.0
DB_STATEMENT_TIMEOUT_S = 2.0
CACHE_POOL_MAX = 32
CACHE_TIMEOUT_S = 5.0  # the last resort; the flag catalog-cache-timeout is the one that should act
