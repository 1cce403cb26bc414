-- The reporting database: yesterday's figures, for whoever looks at the shop as a business. Applied
-- by a superuser, connected to the database reporting, as plain statements; needs the role analytics.

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

grant select on all tables in schema public to analytics;
