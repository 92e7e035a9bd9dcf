create function search_movies(query text, most integer default 10) returns setof movies
language sql stable as $$
    select * from movies
    where strpos(lower(title), lower(query)) > 0
    order by imdb_votes desc nulls last, id
    limit most
$$;
comment on function search_movies is 'Films with these words in their title, those with most votes first';

create function leads_by_domain() returns table (domain text, leads bigint)
language sql stable as $$
    select email_domain, count(*) from leads group by email_domain order by count(*) desc, email_domain
$$;
comment on function leads_by_domain is 'How many leads write from which domain';

create function score_band(score integer) returns text
language sql immutable as $$
    select case when score >= 75 then 'hot' when score >= 40 then 'warm' else 'cold' end
$$;
comment on function score_band is 'What a score means, in a word';

create function close_lead(lead_id bigint, outcome lead_status) returns leads
language plpgsql volatile as $$
declare
    closed leads;
begin
    if outcome not in ('won', 'lost') then
        raise sqlstate 'PT422' using message = 'a closed lead is won or lost',
            detail = format('outcome is %s', outcome), hint = 'send won or lost';
    end if;
    update leads set status = outcome, closed_at = greatest(now(), created_at) where id = lead_id returning * into closed;
    if not found then
        raise sqlstate 'PT404' using message = format('there is no lead %s', lead_id), hint = 'look in /api/leads';
    end if;
    return closed;
end
$$;
comment on function close_lead is 'Ends the conversation with a lead, which is won or lost';
