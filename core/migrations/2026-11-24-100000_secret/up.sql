create table windlass.secret (
    name text primary key,
    value bytea not null,
    made_at timestamptz not null default now()
);

comment on table windlass.secret is 'Keys that all processes on this database share; they never leave it in a reply';

-- Whoever can read other tables of this schema has no business here.
revoke all on windlass.secret from public;

-- Two random identifiers hold 244 bits from the operating system's generator.
insert into windlass.secret (name, value)
values ('cursors', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
