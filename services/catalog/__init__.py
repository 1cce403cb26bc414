"""Everything one can read about products: cache-aside in Redis over Postgres."""
