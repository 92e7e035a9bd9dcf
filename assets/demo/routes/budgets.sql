/*---
route = "GET /api/reports/budgets"
summary = "What the campaigns of a tenant may cost, by state"
tags = ["reports"]
access = ["scope:campaigns.read"]
returns = "many"
---*/
-- Without a word about tenants: PostgreSQL shows the rows of who asks.
select state, count(*) as campaigns, sum(budget) as budget
from campaigns
group by state
order by state
