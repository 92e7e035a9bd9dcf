//! What every request passes before its route.

mod cors;
mod headers;
mod rate;

use crate::app::Setup;

const SCHEMA: &str = "create table leads (id bigint generated always as identity primary key, name text not null);
insert into leads (name) values ('Ada'), ('Grace');
create table secrets (id bigint generated always as identity primary key, word text);";

const RESOURCES: &[(&str, &str)] = &[
    ("leads", "[access]\nread = [\"public\"]\ncreate = [\"authenticated\"]\n"),
    ("secrets", "[access]\nread = [\"authenticated\"]\n"),
];

fn setup(settings: &str) -> Setup<'_> {
    Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        settings,
        ..Setup::default()
    }
}
