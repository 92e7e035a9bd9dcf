create table windlass.idempotency (
    scope bytea primary key,
    key text not null,
    principal text not null,
    method text not null,
    path text not null,
    fingerprint bytea not null,
    status smallint not null,
    headers text not null,
    body bytea not null check (octet_length(body) <= 4194304),
    created_at timestamptz not null default now()
);

comment on table windlass.idempotency is 'Replies to writes with an Idempotency-Key, for 24 hours; each is written in the transaction of its write';
comment on column windlass.idempotency.scope is 'SHA-256 of principal, method, path and key';
comment on column windlass.idempotency.fingerprint is 'SHA-256 of the request: another one under the same key is refused';
comment on column windlass.idempotency.headers is 'JSON: an array of names and values';

create index idempotency_created_at on windlass.idempotency (created_at);

-- The lock ends with the transaction, however that ends; whoever comes meanwhile is told at once.
create function windlass.idempotency_claim(
    this_scope bytea, this_fingerprint bytea,
    out state text, out status smallint, out headers text, out body bytea
) language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    found_fingerprint bytea;
begin
    if not pg_try_advisory_xact_lock(('x' || encode(substring(this_scope from 1 for 8), 'hex'))::bit(64)::bigint) then
        state := 'busy';
        return;
    end if;
    select i.fingerprint, i.status, i.headers, i.body
      into found_fingerprint, status, headers, body
      from windlass.idempotency i
     where i.scope = this_scope and i.created_at > now() - interval '24 hours';
    if not found then
        state := 'new';
    elsif found_fingerprint = this_fingerprint then
        state := 'kept';
    else
        state := 'other';
        status := null; headers := null; body := null;
    end if;
end $$;

create function windlass.idempotency_keep(
    this_scope bytea, this_key text, this_principal text, this_method text, this_path text, this_fingerprint bytea,
    this_status smallint, this_headers text, this_body bytea
) returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into windlass.idempotency as i (scope, key, principal, method, path, fingerprint, status, headers, body)
    values (this_scope, this_key, this_principal, this_method, this_path, this_fingerprint, this_status, this_headers, this_body)
    on conflict (scope) do update
       set fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
           body = excluded.body, created_at = excluded.created_at
     where i.created_at <= now() - interval '24 hours';
    if not found then
        raise exception 'this key was used meanwhile' using errcode = 'serialization_failure';
    end if;
    -- A few of the old ones go with each new one, so that nobody has to come for them; the locked are somebody else's.
    delete from windlass.idempotency
     where scope in (select o.scope from windlass.idempotency o
                      where o.created_at <= now() - interval '24 hours'
                      order by o.created_at limit 20 for update skip locked);
end $$;

revoke all on function windlass.idempotency_claim(bytea, bytea) from public;
revoke all on function windlass.idempotency_keep(bytea, text, text, text, text, bytea, smallint, text, bytea) from public;

-- On an outside server one role may do both, and this one may not exist.
do $$ begin
    if exists (select from pg_catalog.pg_roles where rolname = 'windlass_login') then
        grant usage on schema windlass to windlass_login;
        grant execute on function windlass.idempotency_claim(bytea, bytea) to windlass_login;
        grant execute on function windlass.idempotency_keep(bytea, text, text, text, text, bytea, smallint, text, bytea)
            to windlass_login;
    end if;
end $$;
