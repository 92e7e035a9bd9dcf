drop view lead_totals;
drop table documents;
drop table events;
drop table leads;
drop type lead_status;
drop table accounts;
-- The extension stays: other tables may use it by now.
