-- The dozen made-up texts give way to published ones: none of the old rows has an embedding that means anything.
-- squawk-ignore ban-drop-table
drop table documents;

create table documents (
    id uuid primary key default gen_random_uuid(),
    slug text not null unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    parent_id uuid references documents (id) on delete set null,
    title text not null check (char_length(title) between 1 and 200),
    body text not null,
    language text not null default 'en' check (language ~ '^[a-z]{2}$'),
    url text not null,
    status text not null default 'other' check (status in ('rec', 'pr', 'cr', 'wd', 'ls', 'unoff', 'other')),
    categories text[] not null default '{}',
    support numeric(5, 2) check (support between 0 and 100),
    search tsvector generated always as (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B')
    ) stored,
    embedding vector(384) not null
);
-- Beside the row, not in a table of its own: then every comparison finds the numbers at once, and the planner knows
-- what it costs to read them all.
alter table documents alter column embedding set storage plain;
create index documents_embedding on documents using hnsw (embedding vector_cosine_ops);
create index documents_search on documents using gin (search);
create index documents_categories on documents using gin (categories);
create index documents_parent_id on documents (parent_id);
create index documents_status on documents (status);
create index documents_support on documents (support);
create index documents_title on documents (title);
comment on table documents is 'Features of the web platform, each described in a few sentences: published texts';
comment on column documents.slug is 'Short name for addresses: small letters, digits and hyphens';
comment on column documents.parent_id is 'The feature that this one is a part of';
comment on column documents.title is 'Name of the feature';
comment on column documents.body is 'What it is, in Markdown';
comment on column documents.language is 'Language of the text, two letters (ISO 639-1)';
comment on column documents.url is 'Where it is specified';
comment on column documents.status is 'How far the specification is: W3C Recommendation, proposed, candidate or draft; WHATWG living standard; unofficial; other';
comment on column documents.categories is 'Which parts of the platform it belongs to';
comment on column documents.support is 'Share of people whose browser has it, at least in part, in percent';
comment on column documents.search is 'The words of title and body, stemmed as English; computed';
comment on column documents.embedding is 'Where title and body stand among all texts, by the model all-MiniLM-L6-v2: 384 numbers, length one';

create table questions (
    id bigint generated always as identity primary key,
    question text not null unique check (char_length(question) between 1 and 500),
    answer_id uuid references documents (id) on delete set null,
    embedding vector(384) not null
);
create index questions_answer_id on questions (answer_id);
comment on table questions is 'What a reader might ask, with embeddings: for searching documents by meaning without a model at hand';
comment on column questions.question is 'The question, in everyday words';
comment on column questions.answer_id is 'The document that is meant';
comment on column questions.embedding is 'Where the question stands among all texts, by the same model as that of the documents';
