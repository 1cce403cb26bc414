"""What a customer looks up: the state of an order, and the account's history."""

from __future__ import annotations

from typing import Any

from checkout import config
from shared.db import Database, fetch
from shared.errors import NotFound

_STATUS = "select id, state, total_cents, fulfilled_at is not null from orders where id = %s"
_HISTORY = """
    select o.id, o.state, o.total_cents, extract(epoch from o.placed_at)::float8, coalesce(sum(p.points), 0),
        o.fulfilled_at is not null
    from orders o
    join order_items i on i.order_id = o.id
    left join points p on p.customer = i.customer and p.product = i.product
    where i.customer = %s
    group by o.id
    order by o.placed_at desc
    limit %s
"""


class History:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def status(self, order: int) -> dict[str, Any]:
        """`{"order", "state", "total_cents", "fulfilled"}`; NotFound."""
        async with self._database.connection() as connection:
            rows = await fetch(connection, "order-status", _STATUS, (order,))
        if not rows:
            raise NotFound(f"there is no order {order}")
        return dict(zip(("order", "state", "total_cents", "fulfilled"), rows[0], strict=True))

    async def of(self, customer: int) -> dict[str, Any]:
        """`{"orders": [{what `status` has, "placed_at", "points"}]}`, the newest first."""
        async with self._database.connection() as connection:
            # Planned each time: some accounts are a hundred times larger than others.
            parameters = (customer, config.HISTORY_LENGTH)
            rows = await fetch(connection, "account-history", _HISTORY, parameters, prepare=False)
        names = ("order", "state", "total_cents", "placed_at", "points", "fulfilled")
        return {"orders": [dict(zip(names, row, strict=True)) for row in rows]}
