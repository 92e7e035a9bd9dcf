create extension if not exists vector;

create table accounts (
    id bigint generated always as identity primary key,
    name text not null check (char_length(name) between 1 and 200),
    plan text not null default 'free' check (plan in ('free', 'team', 'scale')),
    website text,
    created_at timestamptz not null default now()
);
comment on table accounts is 'Companies that pay, or may one day';
comment on column accounts.name is 'Name of the company';
comment on column accounts.plan is 'What the company pays for';
comment on column accounts.website is 'Home page of the company';
comment on column accounts.created_at is 'When the account was opened';

create type lead_status as enum ('new', 'open', 'won', 'lost');

create table leads (
    id bigint generated always as identity primary key,
    account_id bigint references accounts (id) on delete set null,
    email text not null unique,
    name text not null check (char_length(name) between 1 and 200),
    company varchar(200),
    phone text,
    status lead_status not null default 'new',
    score integer not null default 0 check (score between 0 and 100),
    tags text[] not null default '{}',
    meta jsonb not null default '{}',
    created_at timestamptz not null default now(),
    closed_at timestamptz,
    email_domain text generated always as (split_part(email, '@', 2)) stored,
    constraint leads_email_lower check (email = lower(email)),
    constraint leads_closed_after_created check (closed_at is null or closed_at >= created_at)
);
create index leads_account_id on leads (account_id);
create index leads_status_score on leads (status, score desc);
comment on table leads is 'People who asked about the product';
comment on column leads.account_id is 'The company this person works for, once known';
comment on column leads.email is 'Address to answer to; kept in lower case';
comment on column leads.name is 'Full name';
comment on column leads.company is 'What the person wrote as company';
comment on column leads.phone is 'Phone number in E.164 form';
comment on column leads.status is 'Where the conversation stands';
comment on column leads.score is 'How likely a sale is, in percent';
comment on column leads.tags is 'Free labels, for lists and campaigns';
comment on column leads.meta is 'Where the lead came from';
comment on column leads.created_at is 'When the person first wrote';
comment on column leads.closed_at is 'When the lead was won or lost';
comment on column leads.email_domain is 'The part of the address after the @; computed';

create table events (
    lead_id bigint not null references leads (id) on delete cascade,
    seq integer not null check (seq >= 1),
    at timestamptz not null default now(),
    kind text not null check (kind in ('visited', 'opened', 'clicked', 'replied', 'called', 'met')),
    detail jsonb not null default '{}',
    primary key (lead_id, seq)
);
create index events_at on events (at);
comment on table events is 'What happened to a lead, in order';
comment on column events.lead_id is 'The lead it happened to';
comment on column events.seq is 'Position in the lead''s history, from 1';
comment on column events.at is 'When it happened';
comment on column events.kind is 'What happened';
comment on column events.detail is 'Whatever else is known of it';

create table documents (
    id uuid primary key default gen_random_uuid(),
    title text not null check (char_length(title) between 1 and 200),
    body text not null,
    language text not null default 'en' check (language ~ '^[a-z]{2}$'),
    published_on date,
    price numeric(10, 2) check (price >= 0),
    embedding vector(8)
);
comment on table documents is 'Texts sent to leads';
comment on column documents.title is 'Headline';
comment on column documents.body is 'The text itself';
comment on column documents.language is 'Language of the text, two letters (ISO 639-1)';
comment on column documents.published_on is 'First day it may be sent';
comment on column documents.price is 'Price in euros; absent means it is not for sale';
comment on column documents.embedding is 'Eight numbers that place the text among its neighbours';

create view lead_totals as
    select status, count(*) as leads, round(avg(score), 1) as average_score
    from leads
    group by status;
comment on view lead_totals is 'Leads counted by status';
comment on column lead_totals.status is 'Where the conversation stands';
comment on column lead_totals.leads is 'How many leads have this status';
comment on column lead_totals.average_score is 'Their mean score';
