drop table windlass.api_key;
drop table windlass.api_key_generation;
drop function windlass.api_key_changed();
