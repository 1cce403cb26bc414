-- The reporting database: yesterday's figures, for whoever looks at the shop as a business. Applied
-- by a superuser, connected to the database reporting, as plain statements; needs the roles shop and analytics.

create table daily_sales (
    day date not null,
    product integer not null,
    sold integer not null,
    revenue_cents bigint not null,
    primary key (day, product)
);

insert into daily_sales (day, product, sold, revenue_cents)
select current_date - day, product, 1 + (product + day) % 5,
       (1 + (product + day) % 5) * (499 + product * 7919 % 19501)
from generate_series(1, 30) as day, generate_series(1, 200) as product;

-- The orders of the day before, from which the nightly figures are made.
create table orders (
    id bigint primary key,
    customer integer not null,
    state text not null,
    total_cents integer not null,
    placed_at timestamptz not null
);

insert into orders (id, customer, state, total_cents, placed_at)
select id, id % 2000 + 1, 'paid', 499 + id * 7919 % 19501, now() - make_interval(days => 1, mins => id % 43200)
from generate_series(1, 12000) as id;

grant select, insert, update, delete on orders to shop;

grant select on all tables in schema public to analytics;
