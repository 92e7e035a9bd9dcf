-- What failed is told apart by this column alone.
delete from windlass.migration_run where error is not null;
alter table windlass.migration_run drop column error;
