drop function windlass.idempotency_keep(bytea, text, text, text, text, bytea, smallint, text, bytea);
drop function windlass.idempotency_claim(bytea, bytea);
drop table windlass.idempotency;
