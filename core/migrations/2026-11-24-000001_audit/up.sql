create table windlass.audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor text not null,
    via text not null check (via in ('console', 'command')),
    action text not null,
    target text not null,
    command text not null,
    detail jsonb,
    outcome text not null default 'started' check (outcome in ('started', 'done', 'refused', 'failed')),
    error text,
    finished_at timestamptz
);

comment on table windlass.audit is 'Each act of an operator: written before it, completed after it';
comment on column windlass.audit.actor is 'The user of the operating system at the other end of the socket';
comment on column windlass.audit.outcome is 'started that stays: nobody knows how it ended';

create table windlass.route_state (
    route text primary key,
    disabled_at timestamptz not null,
    disabled_by text not null
);

comment on table windlass.route_state is 'Routes that an operator switched off';
comment on column windlass.route_state.route is 'Such as GET /api/leads/{id}';
