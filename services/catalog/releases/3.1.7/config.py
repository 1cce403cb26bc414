"""What a restart may change; environment variables of the same name win."""

from __future__ import annotations

DB_POOL_MAX = 8
DB_POOL_TIMEOUT_S = 2.0
DB_STATEMENT_TIMEOUT_S = 2.0
CACHE_POOL_MAX = 32
CACHE_TIMEOUT_S = 5.0  # the last resort; the flag catalog-cache-timeout is the one that should act
FALLBACK_AT_A_TIME = 500  # products
FALLBACK_REST_S = 0.2
WATCHDOG_EVERY_S = 1.0
WATCHDOG_TIMEOUT_S = 1.0
WATCHDOG_FAILURES = 2  # in a row
