drop table questions;
drop table documents;

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
