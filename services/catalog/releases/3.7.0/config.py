"""What a restart may change; environment variables of the same name win."""

from __future__ import annotations

DB_POOL_MAX = 8
DB_POOL_TIMEOUT_S = 2.0
DB_STATEMENT_TIMEOUT_S = 2.0
CACHE_POOL_MAX = 32
CACHE_TIMEOUT_S = 5.0  # the last resort; the flag catalog-cache-timeout is the one that should act
SETS_POOL_MAX = 16  # for making what goes with a product
SETS_LIMIT_S = 1.5  # how long making it may take, from asking for a connection on
SETS_EVERY_S = 0.025  # how often Postgres is asked for it at most, by all together
