/*---
route = "POST /api/leads/{id}/visits"
summary = "Notes a visit with whatever is known of it"
description = "The whole body is kept as the event's `detail`."
tags = ["leads"]
access = ["public"]
returns = "one"

[params.id]
example = 1

[params.body]
description = "Whatever is known of the visit: any JSON"
example = { page = "/pricing", seconds = 40 }
---*/
insert into events (lead_id, seq, kind, detail)
select l.id, (select coalesce(max(e.seq), 0) + 1 from events e where e.lead_id = l.id and e.seq < 1000000), 'visited', :body
from leads l
where l.id = :id
returning lead_id, seq, at, kind, detail, 201 as _status, '/api/events/' || lead_id || ',' || seq as _header_location
