//! Who asks, and what becomes of it.

mod issuer;
mod keys;
mod principals;
mod tenants;
pub mod tokens;

use windlass_core::guards::NewKey;

use crate::app::Setup;

const SCHEMA: &str = "
create table leads (id bigint generated always as identity primary key, name text not null, score integer not null default 0);
create index leads_score on leads (score);
insert into leads (name, score) select 'lead ' || n, n % 7 from generate_series(1, 40) n;
create table reports (id bigint generated always as identity primary key, lead_id bigint references leads, body text);
create function secret_word() returns text stable language sql as $$ select 'sesame' $$;
";

const RESOURCES: &[(&str, &str)] = &[
    (
        "leads",
        r#"
[access]
read = ["scope:leads.read", "role:auditor"]
create = ["scope:leads.write"]
update = ["scope:leads.write"]
delete = ["role:owner"]
[cost]
unindexed = "off"
[cost.roles.auditor]
max_rows = 1
"#,
    ),
    (
        "reports",
        "[access]\nread = [\"public\"]\ncreate = [\"authenticated\"]\nupdate = [\"authenticated\"]\n",
    ),
    (
        "word",
        "function = \"secret_word\"\n[access]\ncall = [\"scope:word\"]\n",
    ),
];

fn setup() -> Setup<'static> {
    Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    }
}

fn role(role: &str) -> NewKey {
    NewKey {
        role: Some(role.to_owned()),
        ..NewKey::default()
    }
}
