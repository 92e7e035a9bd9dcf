//! Conditions as SQL.

use super::embed;
use super::statement::{Builder, input_cast};
use crate::catalog::{Kind, PgType};
use crate::contract::{Field, Resource};
use crate::error::{Error, Result};
use crate::plan::{Condition, Subject};
use crate::request::Key;
use crate::validate::Bind;

/// Writes a condition; true and false are written out where a list is empty.
pub(super) fn write(sql: &mut Builder, resource: &Resource, condition: &Condition) -> Result<()> {
    match condition {
        Condition::All(members) => join(sql, resource, members, " AND ", "true")?,
        Condition::Any(members) => join(sql, resource, members, " OR ", "false")?,
        Condition::Implied(member) => write(sql, resource, member)?,
        Condition::Not(member) => {
            sql.push("NOT (");
            write(sql, resource, member)?;
            sql.push(")");
        }
        Condition::Compare(subject, comparison, value) => {
            let pg_type = compared(sql, resource, subject)?;
            sql.push(" ").push(comparison.sql()).push(" ");
            value_of(sql, &pg_type, value);
        }
        Condition::CompareMany(subject, comparison, quantifier, values) => {
            let pg_type = compared(sql, resource, subject)?;
            sql.push(" ").push(comparison.sql()).push(" ").push(quantifier.sql());
            list_of(sql, &compared_cast(&pg_type), values);
        }
        Condition::In(subject, values) => {
            let field = field(resource, subject.field)?;
            if matches!(subject.pg_type(field).kind, Kind::Array { .. }) {
                // An array of arrays is no type of its own: each value is a bind.
                sql.push(if values.is_empty() { "false" } else { "(" });
                for (number, value) in values.iter().enumerate() {
                    let pg_type = compared(sql.push(if number == 0 { "" } else { " OR " }), resource, subject)?;
                    value_of(sql.push(" = "), &pg_type, value);
                }
                sql.push(if values.is_empty() { "" } else { ")" });
                return Ok(());
            }
            let pg_type = compared(sql, resource, subject)?;
            list_of(sql.push(" = ANY"), &compared_cast(&pg_type), values);
        }
        Condition::Is(subject, is) => {
            expression(sql, resource, subject)?.push(" ").push(is.sql());
        }
        Condition::Exists(related) => embed::exists(sql, related)?,
        Condition::Pattern(subject, pattern, text) => {
            expression(sql, resource, subject)?
                .push(" ")
                .push(pattern.sql())
                .push(" ")
                .bind(Bind::Text(text.clone()), "::text");
        }
        Condition::PatternMany(subject, pattern, quantifier, texts) => {
            expression(sql, resource, subject)?
                .push(" ")
                .push(pattern.sql())
                .push(" ")
                .push(quantifier.sql());
            list_of(sql, "::text", texts);
        }
        Condition::IsDistinct(subject, value) => {
            let pg_type = compared(sql, resource, subject)?;
            value_of(sql.push(" IS DISTINCT FROM "), &pg_type, value);
        }
        Condition::Search {
            subject,
            form,
            language,
            query,
        } => {
            let pg_type = subject.pg_type(field(resource, subject.field)?);
            let document = pg_type.kind != Kind::TsVector;
            if document {
                language_of(sql.push("to_tsvector("), language.as_deref());
                expression(sql, resource, subject)?.push(if pg_type.kind.is_text() { "::text)" } else { ")" });
            } else {
                expression(sql, resource, subject)?.push(if pg_type.is_domain() { "::tsvector" } else { "" });
            }
            language_of(sql.push(" @@ ").push(form.sql()).push("("), language.as_deref());
            sql.bind(Bind::Text(query.clone()), "::text").push(")");
        }
        Condition::Relate(subject, relation, value) => {
            let pg_type = compared(sql, resource, subject)?;
            value_of(sql.push(" ").push(relation.sql()).push(" "), &pg_type, value);
        }
    }
    Ok(())
}

fn join(sql: &mut Builder, resource: &Resource, members: &[Condition], word: &str, empty: &str) -> Result<()> {
    if members.is_empty() {
        sql.push(empty);
    }
    for (index, member) in members.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { word });
        write(sql, resource, member)?;
    }
    if !members.is_empty() {
        sql.push(")");
    }
    Ok(())
}

pub(super) fn field(resource: &Resource, index: usize) -> Result<&Field> {
    resource
        .fields
        .get(index)
        .ok_or_else(|| Error::internal("a plan names a field that the resource does not have"))
}

/// A column, or the place in it that a path leads to; the steps' keys are bound.
pub(super) fn expression<'a>(sql: &'a mut Builder, resource: &Resource, subject: &Subject) -> Result<&'a mut Builder> {
    let field = field(resource, subject.field)?;
    if subject.path.is_empty() {
        return Ok(sql.column(field));
    }
    if matches!(field.pg_type.kind, Kind::Json | Kind::Jsonb) {
        sql.push("(").column(field);
    } else {
        sql.push("(to_jsonb(").column(field).push(")");
    }
    for step in &subject.path {
        sql.push(if step.text { " ->> " } else { " -> " });
        match &step.key {
            Key::Name(name) => sql.bind(Bind::Text(name.clone()), "::text"),
            Key::Index(index) => sql.bind(Bind::Text(index.to_string()), "::int4"),
        };
    }
    Ok(sql.push(")"))
}

/// A subject in a form that can be compared, with its type: types without operators as text, domains over types whose
/// operators want the type itself without the domain, and what stands inside of `json` as `jsonb`.
pub(super) fn compared(sql: &mut Builder, resource: &Resource, subject: &Subject) -> Result<PgType> {
    expression(sql, resource, subject)?;
    let field = field(resource, subject.field)?;
    let pg_type = subject.pg_type(field);
    match &pg_type.kind {
        Kind::Jsonb if field.pg_type.kind == Kind::Json => sql.push("::jsonb"),
        Kind::Other | Kind::Object if !pg_type.is_ordered() => sql.push("::text"),
        Kind::Array { .. } => sql.push(&array_cast(&pg_type)),
        Kind::Enum { .. } | Kind::Range | Kind::TsVector | Kind::TsQuery | Kind::Other if pg_type.is_domain() => {
            sql.push("::").push(&pg_type.base)
        }
        _ => sql,
    };
    Ok(pg_type)
}

pub(super) fn compared_cast(pg_type: &PgType) -> String {
    match &pg_type.kind {
        Kind::Other | Kind::Object if !pg_type.is_ordered() => "::text".to_owned(),
        Kind::Array { .. } => format!("::text{}", array_cast(pg_type)),
        // As text, its blanks would count, and no index would serve.
        Kind::Text { .. } if pg_type.base == "character" => "::bpchar".to_owned(),
        _ => input_cast(pg_type),
    }
}

/// Both sides of a comparison of arrays must be of one type: that of the items without domain and length.
fn array_cast(pg_type: &PgType) -> String {
    match &pg_type.kind {
        Kind::Array { item } => format!("::{}[]", input_cast(item).rsplit("::").next().unwrap_or("text")),
        _ => String::new(),
    }
}

fn value_of(sql: &mut Builder, pg_type: &PgType, value: &str) {
    sql.bind(Bind::Text(value.to_owned()), &compared_cast(pg_type));
}

/// `($1::type[])`. One array bind: the text of the statement does not depend on how many values there are.
fn list_of(sql: &mut Builder, cast: &str, values: &[String]) {
    sql.push(" (")
        .bind(Bind::Text(array_literal(values)), &format!("{cast}[]"))
        .push(")");
}

/// `$1::regconfig, ` where a language is named.
fn language_of(sql: &mut Builder, language: Option<&str>) {
    if let Some(language) = language {
        sql.bind(Bind::Text(language.to_owned()), "::regconfig").push(", ");
    }
}

/// `{"a","b"}`: each item quoted, so that no character in it means anything.
pub(super) fn array_literal(values: &[String]) -> String {
    let mut literal = String::from("{");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            literal.push(',');
        }
        literal.push('"');
        for c in value.chars() {
            if matches!(c, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(c);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}
