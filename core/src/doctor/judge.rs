//! From what is known to what is wrong. Pure: it asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Severity};
use crate::catalog::{Catalog, Index, Kind, Relation, RelationKind};
use crate::contract::{Contracts, Field, Metric, Resource, compared, ident, quoted, unsecured};
use crate::db::inspect::{IndexFigures, IndexProblem, Outcome, Proof, Standing};
use crate::diagnostic::Diagnostic;

/// Of fewer rows all are compared in no time.
const WORTH_AN_INDEX: u64 = 1_000;
/// The most dimensions that pgvector's indexes take of `vector`; `halfvec` may have twice as many.
const INDEXED_DIMENSIONS: u32 = 2_000;

/// What is known.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "named after their types")]
pub struct Facts<'a> {
    pub standing: &'a Standing,
    pub catalog: &'a Catalog,
    pub indexes: &'a [IndexFigures],
    pub contracts: &'a Contracts,
    /// What `windlass check` says.
    pub mistakes: &'a [Diagnostic],
    pub proofs: &'a [Proof],
}

/// What is wrong, worst first.
#[must_use]
pub fn judge(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    login(facts.standing, &mut found);
    found.extend(facts.mistakes.iter().map(refused));
    for relation in facts.catalog.relations.values() {
        security(relation, facts, &mut found);
        policies(relation, &mut found);
    }
    for resource in &facts.contracts.resources {
        vectors(resource, facts, &mut found);
    }
    found.extend(facts.indexes.iter().filter_map(broken));
    found.extend(facts.proofs.iter().flat_map(leaks));
    // Stable: of one severity they stay in this order.
    found.sort_by_key(|finding| finding.severity);
    found
}

fn finding(
    severity: Severity,
    check: &str,
    place: impl Into<String>,
    what: impl Into<String>,
    mend: impl Into<String>,
) -> Finding {
    Finding {
        severity,
        check: check.to_owned(),
        place: place.into(),
        what: what.into(),
        mend: mend.into(),
    }
}

/// The role that serves: nothing is to be its own, and policies are to bind it.
fn login(standing: &Standing, found: &mut Vec<Finding>) {
    let role = &standing.role;
    let place = format!("role {role}");
    if standing.superuser || standing.bypasses {
        let what = if standing.superuser {
            "the role that serves is a superuser: no policy binds it, and a mistake in SQL may reach everything"
        } else {
            "the role that serves has BYPASSRLS: no policy binds it"
        };
        let mend = if standing.superuser {
            login_role(standing)
        } else {
            format!("alter role {} nobypassrls;", ident(role))
        };
        found.push(finding(Severity::Critical, "login_is_unbound", &place, what, mend));
    }
    if !standing.owned.is_empty() {
        let names: Vec<String> = standing.owned.iter().map(ToString::to_string).collect();
        let shown = names.get(..3).unwrap_or(&names).join(", ");
        let more = match names.len().saturating_sub(3) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let what = format!(
            "the role that serves owns {shown}{more}: policies that are not forced do not bind it, and it may drop what it serves"
        );
        found.push(finding(
            Severity::Critical,
            "login_owns_tables",
            &place,
            what,
            login_role(standing),
        ));
    }
    if standing.search_path.is_none() {
        found.push(finding(
            Severity::Warning,
            "search_path_not_pinned",
            &place,
            "its search_path is that of the server: whoever makes a schema of its name decides what names mean",
            format!("alter role {} set search_path = public, pg_temp;", ident(role)),
        ));
    }
    for schema in &standing.open_schemas {
        found.push(finding(
            Severity::Warning,
            "schema_open_to_all",
            format!("schema {schema}"),
            "every role may create tables and functions in it, which others would then find by name",
            format!("revoke create on schema {} from public;", ident(schema)),
        ));
    }
}

/// A role that only serves, as the embedded cluster has it.
fn login_role(standing: &Standing) -> String {
    let schemas: BTreeSet<&str> = standing.owned.iter().map(|name| name.schema.as_str()).collect();
    let owner = ident(&standing.role);
    let mut sql = vec![
        "create role windlass_login login password '…' nosuperuser nobypassrls;".to_owned(),
        "alter role windlass_login set search_path = public, pg_temp;".to_owned(),
    ];
    for schema in if schemas.is_empty() {
        BTreeSet::from(["public"])
    } else {
        schemas
    } {
        let schema = ident(schema);
        sql.push(format!("grant usage on schema {schema} to windlass_login;"));
        sql.push(format!(
            "grant select, insert, update, delete on all tables in schema {schema} to windlass_login;"
        ));
        sql.push(format!(
            "grant usage on all sequences in schema {schema} to windlass_login;"
        ));
        sql.push(format!(
            "alter default privileges for role {owner} in schema {schema} grant select, insert, update, delete on tables to windlass_login;"
        ));
    }
    sql.push("-- then serve as windlass_login (database.url), and migrate as the owner".to_owned());
    sql.join("\n")
}

/// What `check` refuses.
fn refused(wrong: &Diagnostic) -> Finding {
    let mut place = wrong.file.display().to_string();
    for number in [wrong.line, wrong.column].into_iter().take_while(|number| *number > 0) {
        place.push_str(&format!(":{number}"));
    }
    let help = wrong.help.clone().filter(|help| !help.is_empty());
    finding(
        Severity::Critical,
        "refused_by_check",
        place,
        &wrong.message,
        help.unwrap_or_else(|| "mend the file, then `windlass check`".to_owned()),
    )
}

/// Row-level security that is there by halves. What `check` tells already, with the same mending, is not told twice.
fn security(relation: &Relation, facts: &Facts<'_>, found: &mut Vec<Finding>) {
    let (name, security) = (&relation.name, &relation.security);
    let Some((_, mend)) = unsecured(relation) else { return };
    let told = |wrong: &Diagnostic| wrong.help.as_ref() == Some(&mend);
    if relation.kind != RelationKind::Table || facts.mistakes.iter().any(told) {
        return;
    }
    if security.enabled {
        let owned = facts.standing.owned.contains(name);
        let (severity, who) = if owned {
            (
                Severity::Critical,
                "the role that serves owns it, so no policy binds it",
            )
        } else {
            (
                Severity::Warning,
                "no policy binds its owner, nor functions that run as him",
            )
        };
        let what = format!("row-level security of `{name}` is not forced: {who}");
        found.push(finding(severity, "rls_not_forced", name.to_string(), what, mend));
    } else if let [policy, ..] = security.policies.as_slice() {
        let what = format!(
            "`{name}` has policies, such as `{}`, but row-level security is not enabled: nobody asks them",
            policy.name
        );
        found.push(finding(
            Severity::Critical,
            "rls_not_enabled",
            name.to_string(),
            what,
            mend,
        ));
    }
}

/// Policies that have every row looked at.
fn policies(relation: &Relation, found: &mut Vec<Finding>) {
    if !relation.security.enabled || relation.kind != RelationKind::Table {
        return;
    }
    let mut missing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for policy in &relation.security.policies {
        let Some(using) = &policy.using else { continue };
        let compared = compared(relation, using);
        let unserved: Vec<&String> = compared
            .columns
            .iter()
            .filter(|column| !served(relation, column))
            .collect();
        if !compared.each && unserved.len() < compared.columns.len() {
            continue;
        }
        let wanted = if compared.each { unserved.len() } else { 1 };
        for column in unserved.into_iter().take(wanted) {
            missing.entry(column.clone()).or_default().push(&policy.name);
        }
    }
    let partitioned = relation.indexes.iter().any(|index| index.method == Index::PARTITION);
    for (column, names) in missing {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let (subject, verb) = match names.as_slice() {
            [name] => (format!("the policy {name}"), "compares"),
            _ => (format!("the policies {}", names.join(", ")), "compare"),
        };
        let what = format!(
            "{subject} of `{}` {verb} `{column}`, with which no index begins: each statement looks at every row",
            relation.name
        );
        // An index of a partitioned table cannot be made beside its writers.
        let mend = format!(
            "create index {}on {} ({});",
            if partitioned { "" } else { "concurrently " },
            quoted(&relation.name),
            ident(&column)
        );
        let place = format!("{}.{column}", relation.name);
        found.push(finding(Severity::Warning, "policy_without_index", place, what, mend));
    }
}

/// Whether an index over all rows begins with a column.
fn served(relation: &Relation, column: &str) -> bool {
    let whole = relation.indexes.iter().filter(|index| index.predicate.is_none());
    whole.into_iter().any(|index| {
        let keys = if index.any_key() { index.keys.len() } else { 1 };
        index
            .keys
            .iter()
            .take(keys)
            .any(|key| key.column.as_deref() == Some(column))
    })
}

/// Vectors of a resource that only a look at all of them finds. One with an invalid index is told of by its index.
fn vectors(resource: &Resource, facts: &Facts<'_>, found: &mut Vec<Finding>) {
    let relation = facts.catalog.relations.get(&resource.table);
    let stored = matches!(resource.kind, RelationKind::Table | RelationKind::MaterializedView);
    let Some(relation) = relation.filter(|_| stored && resource.access.read.is_some()) else {
        return;
    };
    let rows = facts.standing.rows.get(&resource.table).copied().unwrap_or_default();
    for near in &resource.nearest.columns {
        let Some(field) = resource.fields.get(near.field) else {
            continue;
        };
        if rows < WORTH_AN_INDEX || relation.vector_indexes.iter().any(|index| index.column == field.name) {
            continue;
        }
        let what = format!(
            "`{}` has no index: each search compares all of about {rows} rows",
            field.name
        );
        let place = format!("{}.{}", relation.name, field.name);
        let mend = vector_index(relation, field, near.metric);
        found.push(finding(Severity::Warning, "vector_without_index", place, what, mend));
    }
}

fn vector_index(relation: &Relation, field: &Field, metric: Option<Metric>) -> String {
    let (table, column) = (quoted(&relation.name), ident(&field.name));
    let (kind, dimensions) = match field.pg_type.kind {
        Kind::HalfVec { dimensions } => ("halfvec", dimensions),
        Kind::SparseVec { .. } => ("sparsevec", None),
        Kind::Vector { dimensions } => ("vector", dimensions),
        _ => ("vector", None),
    };
    let distance = match metric {
        Some(Metric::L2) => "l2",
        Some(Metric::InnerProduct) => "ip",
        Some(Metric::L1) => "l1",
        Some(Metric::Cosine) | None => "cosine",
    };
    match dimensions {
        Some(dimensions) if kind == "vector" && dimensions > INDEXED_DIMENSIONS => format!(
            "alter table {table} alter column {column} type halfvec({dimensions}); \
             create index on {table} using hnsw ({column} halfvec_{distance}_ops);"
        ),
        _ => format!("create index concurrently on {table} using hnsw ({column} {kind}_{distance}_ops);"),
    }
}

fn broken(index: &IndexFigures) -> Option<Finding> {
    if index.problem != Some(IndexProblem::Invalid) {
        return None;
    }
    let what = format!(
        "it is invalid: no read of `{}` uses it, and every write still pays for it",
        index.table
    );
    // Figures name it as one text; Postgres's own definition has the name as SQL wants it.
    let schema = index.name.split_once('.').map_or("public", |(schema, _)| schema);
    let name = index.name.split_once('.').map_or(index.name.as_str(), |(_, name)| name);
    let mend = format!("reindex index concurrently {}.{};", ident(schema), ident(name));
    Some(finding(Severity::Warning, "index_invalid", &index.name, what, mend))
}

/// Verbs that reached rows of another tenant, and the tenant who does not see his own.
fn leaks(proof: &Proof) -> Vec<Finding> {
    let Some((a, b)) = &proof.tenants else {
        return Vec::new();
    };
    let reached: Vec<&str> = proof
        .attempts
        .iter()
        .filter(|attempt| attempt.outcome == Outcome::Reached)
        .map(|attempt| attempt.verb.as_str())
        .collect();
    if reached.is_empty() {
        return Vec::new();
    }
    let role = proof.role.as_ref().map(|role| format!(" in the role `{role}`"));
    let role = role.unwrap_or_default();
    let what = format!(
        "tenants of `{}` are not kept apart: as `{a}`{role}, {} reached rows of `{b}`",
        proof.resource,
        reached.join(", ")
    );
    let mend = format!(
        "look at its policies, of which each is to compare `{}` with the tenant of who asks: \
         windlass db psql -- -c '\\d {}'",
        proof.column, proof.table
    );
    vec![finding(
        Severity::Critical,
        "tenants_not_apart",
        &proof.table,
        what,
        mend,
    )]
}
