drop table windlass.route_state;
drop table windlass.audit;
