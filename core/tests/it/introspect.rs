//! The catalog of `fixtures/kinds.sql`, read from a real Postgres.

use std::fmt::Write as _;

use windlass_core::catalog::{Catalog, Column, Identity, Kind, PgType, Relation};
use windlass_core::contract::read_resource;
use windlass_core::db::cluster::Role;
use windlass_core::db::{connect, introspect};

use crate::app::{Setup, with_app};

fn kind(pg_type: &PgType) -> String {
    match &pg_type.kind {
        Kind::Array { item } => format!("Array of [{}]", show_type(item)),
        other => format!("{other:?}"),
    }
}

fn show_type(pg_type: &PgType) -> String {
    let mut text = format!("{} = {}", pg_type.sql, kind(pg_type));
    for rule in &pg_type.domain_rules {
        let _ = write!(text, " + {} {}", rule.name, rule.definition);
    }
    text
}

fn show_column(column: &Column) -> String {
    let mut text = format!("  {}: {}", column.name, show_type(&column.pg_type));
    for (is, word) in [
        (!column.nullable, " not null"),
        (column.generated, " generated"),
        (column.identity == Some(Identity::Always), " identity always"),
        (column.identity == Some(Identity::ByDefault), " identity"),
        (!column.updatable, " fixed"),
    ] {
        if is {
            text.push_str(word);
        }
    }
    if let Some(default) = &column.default {
        let _ = write!(text, " default {default}");
    }
    if let Some(comment) = &column.comment {
        let _ = write!(text, " -- {comment}");
    }
    text
}

fn show(relation: &Relation) -> String {
    let mut lines = vec![format!(
        "{} {:?} insert={} update={} delete={} -- {:?}",
        relation.name, relation.kind, relation.insertable, relation.updatable, relation.deletable, relation.comment
    )];
    lines.extend(relation.columns.iter().map(show_column));
    lines.push(format!("  key {:?}", relation.primary_key));
    lines.extend(
        relation
            .unique_keys
            .iter()
            .map(|u| format!("  unique {} {:?} primary={}", u.name, u.columns, u.primary)),
    );
    lines.extend(relation.foreign_keys.iter().map(|f| {
        format!(
            "  reference {} {:?} -> {} {:?}",
            f.name, f.columns, f.target, f.target_columns
        )
    }));
    lines.extend(
        relation
            .checks
            .iter()
            .map(|c| format!("  check {} {:?} {}", c.name, c.columns, c.definition)),
    );
    lines.join("\n")
}

/// Each kind of column, key, check and view, and what the contract makes of it.
#[test]
fn the_catalog_is_whole() {
    let setup = Setup {
        schema: include_str!("../fixtures/kinds.sql"),
        resources: &[],
        ..Setup::default()
    };
    with_app(setup, async |app| {
        read_all(&app.owner().await).await;
        // What the serving role may not reach is not in its catalog.
        let login = connect::open(&app.cluster.endpoint().config(Role::Login))
            .await
            .unwrap();
        let seen = introspect::catalog(&login).await.unwrap();
        assert!(seen.relations.keys().all(|name| name.schema == "public"));
    });
}

async fn read_all(client: &tokio_postgres::Client) {
    let catalog: Catalog = introspect::catalog(client).await.unwrap();
    let shown: Vec<String> = catalog.relations.values().map(show).collect();
    insta::assert_snapshot!("catalog", shown.join("\n\n"));
    let languages: Vec<String> = catalog.languages.iter().map(ToString::to_string).collect();
    assert!(languages.contains(&"pg_catalog.english".to_owned()), "{languages:?}");

    // The connection's search path makes no difference, and its transaction is over.
    client.batch_execute("set search_path = crm, public").await.unwrap();
    let again = introspect::catalog(client).await.unwrap();
    assert_eq!(shown, again.relations.values().map(show).collect::<Vec<_>>());
    client
        .batch_execute("create table public.later (id int)")
        .await
        .unwrap();
    assert_eq!(
        introspect::catalog(client).await.unwrap().relations.len(),
        shown.len() + 1
    );

    let file = std::path::Path::new("resources/kinds.toml");
    let resource = read_resource(file, "", &catalog, &|_| Err(String::new())).unwrap();
    let rules: Vec<String> = resource
        .fields
        .iter()
        .map(|f| {
            let all = format!("{:?}", f.rules);
            let body = all.trim_start_matches("FieldRules { ").trim_end_matches(" }");
            let said = body
                .split(", ")
                .filter(|part| !part.ends_with("None") && !part.ends_with("[]"));
            let (optional, read_only) = (f.optional, f.read_only);
            format!(
                "{} optional={optional} read_only={read_only} default={:?} {}",
                f.name,
                f.default,
                said.collect::<Vec<_>>().join(", ")
            )
        })
        .collect();
    insta::assert_snapshot!("contract", rules.join("\n"));
}
