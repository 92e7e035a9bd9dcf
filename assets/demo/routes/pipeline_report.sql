/*---
route = "GET /api/reports/pipeline"
summary = "Leads by status, with what they did"
description = "Counts leads that first wrote since a moment and have at least a score."
tags = ["reports"]
access = ["public"]
returns = "many"
timeout = "5s"
cache = "private, max-age=30"

[params.since]
in = "query"
optional = true
example = "2026-01-01T00:00:00Z"
description = "Leads that first wrote then or later"

[params.min_score]
in = "query"
default = 0
ge = 0
le = 100
description = "Leads of at least this score"

[params.plan]
in = "query"
optional = true
enum = ["free", "team", "scale"]
description = "Leads of accounts with this plan"
---*/
select l.status,
    count(distinct l.id) as leads,
    round(avg(l.score), 1) as average_score,
    count(e.lead_id) as events,
    max(e.at) as last_event
from leads l
left join accounts a on a.id = l.account_id
left join events e on e.lead_id = l.id
where (:since::timestamptz is null or l.created_at >= :since)
    and l.score >= :min_score::integer
    and (:plan::text is null or a.plan = :plan)
group by l.status
order by l.status
