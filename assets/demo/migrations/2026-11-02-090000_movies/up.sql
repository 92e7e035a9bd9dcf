create table movies (
    id bigint generated always as identity primary key,
    title text not null check (char_length(title) between 1 and 200),
    release_date date not null,
    us_gross bigint check (us_gross >= 0),
    worldwide_gross bigint check (worldwide_gross >= 0),
    us_dvd_sales bigint check (us_dvd_sales >= 0),
    production_budget bigint check (production_budget >= 0),
    mpaa_rating text check (mpaa_rating in ('G', 'PG', 'PG-13', 'R', 'NC-17', 'Not Rated', 'Open')),
    running_time_min integer check (running_time_min between 1 and 1000),
    distributor text,
    source text,
    major_genre text,
    creative_type text,
    director text,
    rotten_tomatoes_rating integer check (rotten_tomatoes_rating between 0 and 100),
    imdb_rating numeric(3, 1) check (imdb_rating between 0 and 10),
    imdb_votes integer check (imdb_votes >= 0)
);
create index movies_title on movies (title);
create index movies_release_date on movies (release_date);
comment on table movies is 'Films and what they earned: public data with its real mistakes';
comment on column movies.title is 'Title of the film';
comment on column movies.release_date is 'First day in cinemas of the United States';
comment on column movies.us_gross is 'Earned in the United States, in dollars';
comment on column movies.worldwide_gross is 'Earned everywhere, in dollars';
comment on column movies.us_dvd_sales is 'Earned by DVDs in the United States, in dollars';
comment on column movies.production_budget is 'What it cost to make, in dollars';
comment on column movies.mpaa_rating is 'For which age, by the Motion Picture Association';
comment on column movies.running_time_min is 'Length in minutes';
comment on column movies.distributor is 'Who brought it to cinemas';
comment on column movies.source is 'What the script is based on';
comment on column movies.major_genre is 'Main genre';
comment on column movies.creative_type is 'Kind of fiction, or none';
comment on column movies.director is 'Who directed it';
comment on column movies.rotten_tomatoes_rating is 'Share of good reviews on Rotten Tomatoes, in percent';
comment on column movies.imdb_rating is 'Mean vote on IMDb, 0 to 10';
comment on column movies.imdb_votes is 'How many voted on IMDb';
