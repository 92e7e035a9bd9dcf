//! The project that the API tests run against.

/// Tables with the shapes that matter: plain, composite key, generated columns, references, a view.
pub const SCHEMA: &str = r#"
create type mood as enum ('calm', 'busy');
create domain percent as integer check (value between 0 and 100);
create table people (
    id bigint generated always as identity primary key,
    email text not null constraint people_email_key unique,
    name text not null check (char_length(name) between 1 and 40),
    mood mood not null default 'calm',
    score percent not null default 0,
    tags text[] not null default '{}',
    meta jsonb not null default '{}',
    balance numeric(12, 2),
    joined timestamptz not null default now(),
    left_at timestamptz,
    domain text generated always as (split_part(email, '@', 2)) stored,
    secret text
);
create table notes (
    person_id bigint not null constraint notes_person_fkey references people on delete restrict,
    seq integer not null,
    body text,
    primary key (person_id, seq)
);
create table "Odd ""Name" (
    id uuid primary key default gen_random_uuid(),
    "select" text,
    "with space" boolean,
    big bigint,
    at date,
    clock time,
    span interval,
    raw bytea,
    ratio double precision,
    place point,
    during int4range,
    nums integer[],
    doc json
);
create view busy as select id, email, score from people where mood = 'busy';
create function guard() returns trigger language plpgsql as $$
begin
    if new.body = 'raise' then raise exception 'notes may not say raise' using hint = 'say something else'; end if;
    if new.body = 'teapot' then raise sqlstate 'PT418' using message = 'short and stout'; end if;
    if new.body = 'broken' then perform 1 / 0 from pg_class; perform * from not_there; end if;
    return new;
end $$;
create trigger guard before insert or update on notes for each row execute function guard();
"#;

/// Resource files: name and text.
pub const RESOURCES: &[(&str, &str)] = &[
    (
        "people",
        r#"
hidden = ["secret"]
[access]
read = ["public"]
create = ["public"]
update = ["public"]
delete = ["public"]
[page]
default = 20
max = 100
[fields.email]
format = "email"
normalize = ["trim", "lowercase"]
[fields.score]
le = 90
[[rules]]
expr = "!has(self.left_at) || self.left_at >= self.joined"
loc = "left_at"
msg = "must not be before joined"
"#,
    ),
    (
        "notes",
        "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n",
    ),
    (
        "odd",
        "table = 'public.Odd \"Name'\n[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\n",
    ),
    ("busy", "[access]\nread = [\"public\"]\n"),
    (
        "closed",
        "table = \"public.notes\"\n[access]\nread = [\"scope:notes.read\"]\n",
    ),
];
