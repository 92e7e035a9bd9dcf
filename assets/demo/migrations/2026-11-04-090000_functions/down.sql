drop function close_lead(bigint, lead_status);
drop function score_band(integer);
drop function leads_by_domain();
drop function search_movies(text, integer);
