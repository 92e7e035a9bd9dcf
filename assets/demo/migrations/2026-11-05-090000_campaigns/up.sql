-- Of two agencies that share the demo, each with its own campaigns. Row-level security keeps them apart; the key begins with the tenant.
create type campaign_state as enum ('draft', 'running', 'ended');
create table campaigns (
    tenant_id text not null check (tenant_id in ('harbour', 'lagoon')),
    id bigint generated always as identity,
    name text not null check (char_length(name) between 1 and 120),
    state campaign_state not null default 'draft',
    budget numeric(12, 2) not null default 0 check (budget >= 0),
    starts_on date not null default current_date,
    primary key (tenant_id, id),
    constraint campaigns_name_key unique (tenant_id, name)
);
comment on table campaigns is 'Campaigns, each of one tenant: what another one has is not there';
comment on column campaigns.budget is 'In euros';
alter table campaigns enable row level security;
alter table campaigns force row level security;
create policy campaigns_tenant on campaigns using (tenant_id = nullif(current_setting('windlass.tenant', true), ''));

select set_config('windlass.tenant', 'harbour', true);
insert into campaigns (tenant_id, name, state, budget, starts_on) values
    ('harbour', 'Spring launch', 'ended', 12000, date '2026-03-01'),
    ('harbour', 'Coffee on the quay', 'running', 4800.50, date '2026-10-12'),
    ('harbour', 'Advent calendar', 'draft', 2500, date '2026-12-01');
select set_config('windlass.tenant', 'lagoon', true);
insert into campaigns (tenant_id, name, state, budget, starts_on) values
    ('lagoon', 'Spring launch', 'ended', 800, date '2026-04-15'),
    ('lagoon', 'Regatta', 'running', 31000, date '2026-09-01');
select set_config('windlass.tenant', '', true);
