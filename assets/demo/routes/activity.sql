/*---
route = "GET /api/admin/activity"
summary = "How many rows changed lately, and when"
tags = ["admin"]
access = ["scope:admin"]
returns = "many"
---*/
select relname as table, n_live_tup as rows, n_tup_ins as inserted, n_tup_upd as updated, n_tup_del as deleted
from pg_stat_user_tables
where schemaname = 'public'
order by n_tup_ins desc, relname
