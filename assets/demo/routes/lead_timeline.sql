/*---
route = "GET /api/leads/{id}/timeline"
summary = "What happened to one lead, newest first"
tags = ["leads"]
access = ["public"]
returns = "many"

[params.id]
description = "The lead"
example = 1

[params.kind]
in = "query"
optional = true
enum = ["visited", "opened", "clicked", "replied", "called", "met"]
description = "Only what is of this kind"

[params.limit]
in = "query"
default = 20
ge = 1
le = 200
description = "At most so many"
---*/
select at, kind, detail
from events
where lead_id = :id and (:kind::text is null or kind = :kind)
order by at desc, seq desc
limit :limit
