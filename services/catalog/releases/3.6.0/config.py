"""What a restart may change; environment variables of the same name win."""

from __future__ import annotations

DB_POOL_MAX = 8
DB_POOL_TIMEOUT_S = 2.0
DB_STATEMENT_TIMEOUT_S = 2.0
CACHE_POOL_MAX = 32
CACHE_TIMEOUT_S = 5.0  # the last resort; the flag catalog-cache-timeout is the one that should act
VIEWS_POOL_MAX = 8  # for the pages of which views are counted
VIEWS_POOL_TIMEOUT_S = 1.0
VIEWS_GATHER_S = 3.0  # views of a product within this time are written as one
