/*---
route = "POST /api/leads/{id}/qualification"
summary = "Notes a call and opens the lead with a score"
description = "Both statements run in one transaction: the call is noted if the lead is opened, and not otherwise."
tags = ["leads"]
access = ["public"]
returns = "one"

[params.id]
example = 1

[params.score]
ge = 0
le = 100
description = "How likely a sale is, in percent"
example = 75

[params.note]
normalize = ["trim"]
min_length = 1
max_length = 500
description = "What was said"
example = "Wants a quote until Friday"
---*/
insert into events (lead_id, seq, kind, detail)
select l.id, (select coalesce(max(e.seq), 0) + 1 from events e where e.lead_id = l.id and e.seq < 1000000), 'called',
    jsonb_build_object('note', :note::text)
from leads l
where l.id = :id
-- then
update leads
set status = 'open', score = :score, closed_at = null
where id = :id
returning id, email, status, score, '/api/leads/' || id || '/timeline' as _header_location
