//! The query dialect: tables of requests and replies over schemas of their own, to be read as documentation.
//!
//! They follow what `PostgREST` documents, page by page; where Windlass differs, docs/api.md says so.

mod computed;
mod counts;
mod cursors;
mod embed;
mod groups;
mod malformed;
pub mod plans;
mod statements;
mod table;

use std::collections::HashSet;

use table::Table;
use windlass_core::app::Limits;

use crate::app::{App, Setup, with_app};

pub const SCHEMA: &str = include_str!("../../fixtures/dialect.sql");

const READ: &str = "[access]\nread = [\"public\"]\n";
const OPEN: &str =
    "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n";
const OPEN_GROUPED: &str = "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n[page]\nmax_groups = 100\n";

/// Resource files of the schema.
pub const RESOURCES: &[(&str, &str)] = &[
    (
        "people",
        "[access]\nread = [\"public\"]\n[page]\nmax = 4\ndefault = 4\nmax_groups = 3\n",
    ),
    (
        "all",
        "table = \"public.people\"\n[access]\nread = [\"public\"]\n[page]\nmax_groups = 100\n",
    ),
    ("teams", READ),
    ("skills", READ),
    ("people_skills", READ),
    ("odd", "table = 'public.Odd, names'\n[access]\nread = [\"public\"]\n"),
    ("active_people", "key = [\"id\"]\n[access]\nread = [\"public\"]\n"),
];

/// Runs a test over the schema.
pub fn with_dialect<F, Fut>(test: F)
where
    F: FnOnce(std::sync::Arc<App>) -> Fut,
    Fut: std::future::Future<Output = ()>,
{
    let setup = Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, test);
}

/// Encodes what a URI cannot hold; what separates parameters stays.
pub fn uri(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'?'
            | b'&'
            | b'='
            | b'%'
            | b',' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

macro_rules! table {
    ($name:literal) => {
        ($name, include_str!(concat!("../../fixtures/dialect/", $name, ".txt")))
    };
}

/// Tables over `dialect.sql`: one of everything that a row can hold.
const ROWS: &[Table] = &[table!("filters"), table!("columns"), table!("order"), table!("counts")];

/// Tables over `embed.sql`: relations of every kind.
const RELATED: &[Table] = &[table!("related")];

#[test]
fn rows() {
    with_dialect(|app| async move {
        let owner = app.owner().await;
        owner
            .batch_execute("analyze public.people, public.teams")
            .await
            .unwrap();
        table::ask(&app, ROWS).await;
    });
}

#[test]
fn related_rows() {
    embed::with_relations(|app| async move {
        table::ask(&app, RELATED).await;
    });
}

/// The schema that most tables are about: a small shop.
const STORE: &str = include_str!("../../fixtures/store.sql");

const STORE_RESOURCES: &[(&str, &str)] = &[
    ("categories", OPEN_GROUPED),
    ("products", OPEN_GROUPED),
    ("tags", OPEN_GROUPED),
    ("product_tags", OPEN),
    ("customers", OPEN_GROUPED),
    ("addresses", OPEN),
    ("orders", OPEN_GROUPED),
    ("lines", OPEN_GROUPED),
    ("remarks", OPEN),
    ("receipts", OPEN),
    ("payments", OPEN_GROUPED),
    ("cards", "table = 'public.Gift Cards'\n[access]\nread = [\"public\"]\n"),
    ("books", "table = 'public.książki'\n[access]\nread = [\"public\"]\n"),
    ("open_orders", "key = [\"id\"]\n[access]\nread = [\"public\"]\n"),
    ("totals", READ),
];

/// Tables over `store.sql` that only read.
const SHOP: &[Table] = &[table!("shop"), table!("groups"), table!("forms")];

/// Tables over `store.sql` that write.
const WRITTEN: &[Table] = &[table!("writes")];

fn with_store<F, Fut>(test: F)
where
    F: FnOnce(std::sync::Arc<App>) -> Fut,
    Fut: std::future::Future<Output = ()>,
{
    let setup = Setup {
        schema: STORE,
        resources: STORE_RESOURCES,
        limits: Limits {
            tx_rollback: true,
            ..Limits::default()
        },
        ..Setup::default()
    };
    with_app(setup, test);
}

#[test]
fn shop() {
    with_store(|app| async move {
        table::ask(&app, SHOP).await;
    });
}

/// Rows of `kinds.sql`, which has a column of every type.
const KINDS_ROWS: &str = include_str!("../../fixtures/kinds_rows.sql");

/// Tables over `kinds.sql`.
const TYPED: &[Table] = &[table!("types")];

#[test]
fn every_type() {
    let schema = format!("{}\n{KINDS_ROWS}", include_str!("../../fixtures/kinds.sql"));
    let setup = Setup {
        schema: &schema,
        resources: &[("kinds", OPEN_GROUPED)],
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        table::ask(&app, TYPED).await;
    });
}

#[test]
fn written() {
    with_store(|app| async move {
        table::ask(&app, WRITTEN).await;
    });
}

#[test]
fn the_suite_has_hundreds_of_cases() {
    let tables = [ROWS, RELATED, SHOP, WRITTEN, TYPED, computed::TABLES, groups::TABLES];
    let cases = tables.concat().into_iter().flat_map(|(_, text)| table::read(text));
    let distinct: HashSet<String> = cases.map(|case| case.request()).collect();
    assert!(distinct.len() >= 400, "{} distinct requests", distinct.len());
}
