drop table windlass.migration_run;
