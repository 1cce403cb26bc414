-- The shop's data: applied right after schema.sql, in the same way, to the same database. It is the
-- same on every machine. Names, prices and review counts are those of services/shared/catalogue.py.

insert into products (id, name, price_cents, popularity)
select
    id,
    initcap(
        (array['amber','brisk','calm','crisp','deep','early','fair','gentle','handy','ivory',
               'jolly','keen','light','mellow','neat','olive','plain','quiet','ready','sturdy'])
            [(id - 1) % 20 + 1]
        || ' ' ||
        (array['ash','bamboo','brass','clay','copper','cork','cotton','denim','felt','glass',
               'hemp','leather','linen','maple','marble','oak','slate','steel','walnut','wool'])
            [(id - 1) / 20 % 20 + 1]
        || ' ' ||
        (array['apron','basket','bench','bowl','candle','chair','clock','cushion','desk','frame',
               'hook','jug','kettle','lamp','mirror','mug','pillow','planter','rug','shelf',
               'stool','table','towel','tray','vase'])
            [(id - 1) / 400 + 1]
    ),
    499 + (id::bigint * 7919 % 19501)::integer,
    1000000 / (20 + id) + id * 31 % 97
from generate_series(1, 10000) as id;

insert into related (product, rank, other)
select id, rank, (id + rank * 397 - 1) % 10000 + 1
from generate_series(1, 10000) as id, generate_series(1, 4) as rank;

insert into customers (id, name, joined_at)
select
    id,
    (array['Ada','Ben','Cleo','Dan','Eva','Finn','Gia','Hugo','Ida','Jon',
           'Kim','Leo','Mia','Ned','Ola','Pam','Quin','Rosa','Sam','Tess'])[id % 20 + 1]
    || ' ' || chr(65 + id / 20 % 26) || '.',
    now() - make_interval(days => 30 + id % 1500)
from generate_series(1, 2000) as id;

insert into reviews (id, product, customer, stars, body)
select
    row_number() over (order by product, nth),
    product,
    (product * 37 + nth * 101) % 2000 + 1,
    5 - (product + nth * nth) % 7 % 5,
    (array['Does what it should.','Smaller than I thought, but well made.','A gift, and a good one.',
           'Arrived quickly.','The colour is not quite as shown.','Would buy it again.',
           'After a year still as new.','It wobbles a little.'])[(product + nth) % 8 + 1]
from generate_series(1, 10000) as product,
    generate_series(1, case when product % 1000 = 7 then 800
                            when product % 100 = 7 then 60
                            else product % 4 end) as nth;

insert into review_votes (review, customer)
select id, (id * 13 + vote * 577) % 2000 + 1
from reviews, generate_series(1, (id * 7 % 10 / 3)) as vote;

insert into stock (product, available)
select id, 1000000 from generate_series(1, 10000) as id;

-- Three to nine orders for each customer over the last year, all paid and fulfilled.
insert into orders (customer, state, total_cents, card, idempotency_key, answer, charge, placed_at, charged_at,
                    fulfilled_at)
select
    customer, 'paid', 0, 'card-ok-' || customer, 'seed-' || customer || '-' || nth, 201,
    'ch-seed-' || customer || '-' || nth, placed_at, placed_at, placed_at + interval '5 seconds'
from (
    select customer, nth,
           now() - make_interval(days => (customer * 11 + nth * 37) % 360 + 1, secs => customer % 86400) as placed_at
    from generate_series(1, 2000) as customer, generate_series(1, 3 + customer % 7) as nth
) as placed
order by placed_at;

insert into order_items (order_id, customer, product, quantity, price_cents)
select o.id, o.customer, p.id, 1 + (o.id % 3)::integer, p.price_cents
from orders o
cross join generate_series(1, 2) as line
join products p on p.id = (o.id * 7 + line * 1009) % 10000 + 1;

update orders set total_cents = paid.total_cents
from (select order_id, sum(quantity * price_cents) as total_cents from order_items group by order_id) as paid
where paid.order_id = orders.id;

insert into receipts (order_id, customer, sent_at)
select id, customer, fulfilled_at from orders;

insert into points (customer, product, points)
select customer, product, quantity * price_cents / 100 from order_items
where order_id % 13 = 0;

insert into carts (customer, product, quantity)
select id, id * 5 % 10000 + 1, 1 from generate_series(1, 2000) as id;

analyze;
