alter table windlass.migration_run add column error text;

comment on column windlass.migration_run.error is 'Why it failed, with file and line; null if it did not';
