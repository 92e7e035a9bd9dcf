create table windlass.api_key (
    id bigint generated always as identity primary key,
    name text not null check (name <> ''),
    hint text not null,
    hash bytea not null unique check (octet_length(hash) = 32),
    scopes text[] not null default '{}',
    tenant text,
    role text,
    created_at timestamptz not null default now(),
    created_by text not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

comment on table windlass.api_key is 'Keys with which clients ask; a key itself is nowhere, only its hash';
comment on column windlass.api_key.hint is 'How the key begins';
comment on column windlass.api_key.hash is 'SHA-256 of the key, which is 256 random bits: nothing slower is needed';
comment on column windlass.api_key.last_used_at is 'Written from time to time, not with each request';

create table windlass.api_key_generation (
    one boolean primary key default true check (one),
    value bigint not null
);

comment on table windlass.api_key_generation is 'Counts the changes of windlass.api_key, so that a service sees at a glance whether to read it again';

insert into windlass.api_key_generation (value) values (1);

-- A row, not a sequence: what is counted is seen exactly when the change is.
create function windlass.api_key_changed() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    update windlass.api_key_generation set value = value + 1;
    return null;
end $$;

create trigger api_key_changed
    after insert or delete or truncate or update of hash, scopes, tenant, role, expires_at, revoked_at on windlass.api_key
    for each statement execute function windlass.api_key_changed();

revoke all on windlass.api_key, windlass.api_key_generation from public;
revoke all on function windlass.api_key_changed() from public;
