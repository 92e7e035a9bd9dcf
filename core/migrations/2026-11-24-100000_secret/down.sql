drop table windlass.secret;
