/*---
route = "GET /api/reports/dashboard"
summary = "The figures of the front page as one document"
tags = ["reports"]
access = ["public"]
returns = "json"
cache = "private, max-age=30"
---*/
select jsonb_build_object(
    'leads', (select count(*) from leads),
    'won', (select count(*) from leads where status = 'won'),
    'events', (select jsonb_object_agg(kind, number) from (
        select kind, count(*) as number from events group by kind order by kind
    ) as kinds)
) as figures
