create table windlass.migration_run (
    id bigint generated always as identity primary key,
    version text not null,
    name text not null,
    direction text not null check (direction in ('up', 'down')),
    sha256 text not null,
    started_at timestamptz not null,
    duration_ms bigint not null
);

comment on table windlass.migration_run is 'Each run of a migration of the project, up or down';
comment on column windlass.migration_run.sha256 is 'Of up.sql as it was at that time, to see later edits';

create index migration_run_version on windlass.migration_run (version, id desc);
