//! Whether an index serves a test, as Postgres's planner would have it.
//!
//! Where that cannot be told for certain it counts as served: what Postgres does well is never refused.

use super::condition::Condition;
use super::subject::Subject;
use crate::catalog::{Index, IndexKey, Kind};
use crate::contract::{Field, Resource};
use crate::request::{Comparison, Is, Key, Pattern, Quantifier};

/// What a test asks of an index.
enum Ask<'a> {
    /// An operator of its class.
    Operator(&'a str),
    /// Nulls, or what is not null.
    Nulls,
    /// A pattern: by an operator of its class, or by how what it matches begins.
    Pattern(Pattern, &'a str),
    /// Text search, over documents made in this language.
    Search(Option<&'a str>),
}

/// Whether an index of the resource serves a test of one column; `negated` if it must not hold. `beside` are the columns that
/// are tested together with it.
pub(super) fn test(resource: &Resource, condition: &Condition, negated: bool, beside: &[&str]) -> bool {
    let Some(field) = subject(condition).and_then(|subject| resource.fields.get(subject.field)) else {
        return true;
    };
    let Some((subject, ask)) = ask(condition, field, negated) else {
        return false;
    };
    let serves = |index: &&Index| {
        let all = index.keys.iter().skip(of_tenant(resource, index));
        let mut keys = all.take(if index.any_key() { usize::MAX } else { 1 });
        applies(index, beside) && keys.any(|key| key_serves(index, key, field, subject, &ask))
    };
    resource.indexes.iter().any(|index| serves(&index))
}

/// Whether an index finds rows by one of these columns alone.
pub(super) fn equal(resource: &Resource, columns: &[&str]) -> bool {
    let begins = |index: &&Index| {
        let key = index.keys.get(of_tenant(resource, index));
        key.is_some_and(|key| {
            let column = key.column.as_deref().is_some_and(|column| columns.contains(&column));
            column && key.same_collation && has(key, "=")
        })
    };
    resource
        .indexes
        .iter()
        .any(|index| applies(index, columns) && begins(&index))
}

/// How many keys of an index are taken by the tenant, whom a policy compares with the column in every statement.
fn of_tenant(resource: &Resource, index: &Index) -> usize {
    let tenant = resource.tenant.and_then(|field| resource.fields.get(field));
    let first = index.keys.first().and_then(|key| key.column.as_ref());
    usize::from(tenant.is_some_and(|field| first == Some(&field.name)))
}

/// Whether the tests may imply the predicate of a partial index: each of its columns is among those tested.
fn applies(index: &Index, beside: &[&str]) -> bool {
    let columns = index.predicate.iter().flatten();
    columns.into_iter().all(|column| beside.contains(&column.as_str()))
}

/// What a test is about; nothing for what is no test of a column.
pub(super) const fn subject(condition: &Condition) -> Option<&Subject> {
    match condition {
        Condition::Compare(subject, ..)
        | Condition::CompareMany(subject, ..)
        | Condition::In(subject, _)
        | Condition::Is(subject, _)
        | Condition::Pattern(subject, ..)
        | Condition::PatternMany(subject, ..)
        | Condition::IsDistinct(subject, _)
        | Condition::Search { subject, .. }
        | Condition::Relate(subject, ..) => Some(subject),
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) | Condition::Exists(_) | Condition::Implied(_) => {
            None
        }
    }
}

/// What a test asks; nothing for what no index can be asked.
fn ask<'a>(condition: &'a Condition, field: &Field, negated: bool) -> Option<(&'a Subject, Ask<'a>)> {
    let subject = subject(condition)?;
    let pg_type = subject.pg_type(field);
    let boolean = pg_type.kind == Kind::Bool;
    // Compared as text, which is no column's.
    let as_text = pg_type.kind == Kind::Other && !pg_type.is_ordered();
    let compare = |comparison: Comparison| match comparison {
        _ if as_text => None,
        // "Is not true" is "is false" to the planner.
        Comparison::Neq if boolean => Some(Ask::Operator("=")),
        comparison => Some(Ask::Operator(comparison.sql())),
    };
    let ask = match condition {
        Condition::Compare(_, comparison, _) => compare(turned(*comparison, negated))?,
        Condition::CompareMany(_, comparison, quantifier, _) => {
            let any = (*quantifier == Quantifier::Any) != negated;
            compare(turned(*comparison, negated)).filter(|_| any)?
        }
        Condition::In(..) if !negated && !as_text => Ask::Operator("="),
        Condition::Is(_, Is::Null | Is::NotNull) => Ask::Nulls,
        Condition::Is(..) if !negated => Ask::Operator("="),
        Condition::Pattern(_, pattern, text) if !negated => Ask::Pattern(*pattern, text),
        Condition::PatternMany(_, pattern, Quantifier::Any, _) if !negated => Ask::Operator(pattern_operator(*pattern)),
        Condition::Search { language, .. } if !negated => Ask::Search(language.as_deref()),
        Condition::Relate(_, relation, _) if !negated => Ask::Operator(relation.sql()),
        _ => return None,
    };
    Some((subject, ask))
}

/// The comparison that holds where this one does not: so the planner reads a `NOT`.
const fn turned(comparison: Comparison, negated: bool) -> Comparison {
    if !negated {
        return comparison;
    }
    match comparison {
        Comparison::Eq => Comparison::Neq,
        Comparison::Neq => Comparison::Eq,
        Comparison::Gt => Comparison::Lte,
        Comparison::Gte => Comparison::Lt,
        Comparison::Lt => Comparison::Gte,
        Comparison::Lte => Comparison::Gt,
    }
}

fn has(key: &IndexKey, operator: &str) -> bool {
    key.operators.iter().any(|known| known == operator)
}

fn key_serves(index: &Index, key: &IndexKey, field: &Field, subject: &Subject, ask: &Ask<'_>) -> bool {
    let of_subject = match &key.expression {
        Some(expression) => bare(expression) == expressed(field, subject),
        None => subject.path.is_empty() && key.column.as_ref() == Some(&field.name),
    };
    match ask {
        Ask::Search(language) => has(key, "@@") && searched(key, of_subject, field, subject, *language),
        _ if !of_subject => false,
        Ask::Operator(operator) => key.same_collation && has(key, operator),
        Ask::Nulls => index.nulls,
        Ask::Pattern(pattern, text) => {
            let beginning = || has(key, "~<~") || has(key, "^@") || key.by_bytes && has(key, "<");
            let whole = || key.same_collation && has(key, "=");
            key.same_collation && has(key, pattern_operator(*pattern))
                || match begins(*pattern, text) {
                    Begins::Anyhow => false,
                    Begins::So => beginning(),
                    Begins::Whole => beginning() || whole(),
                }
        }
    }
}

/// As the catalog calls them.
const fn pattern_operator(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::Like => "~~",
        Pattern::Ilike => "~~*",
        Pattern::Match => "~",
        Pattern::Imatch => "~*",
    }
}

/// How what a pattern matches begins.
enum Begins {
    Anyhow,
    /// With a text that stands in the pattern.
    So,
    /// It may be that very text.
    Whole,
}

fn begins(pattern: Pattern, text: &str) -> Begins {
    let free = |c: Option<char>| match (pattern, c) {
        // Of a letter there are two cases.
        (Pattern::Ilike | Pattern::Imatch, Some(c)) => c.is_alphabetic(),
        _ => false,
    };
    if pattern.is_regex() {
        let options = text.starts_with("(?") || text.starts_with("***");
        let anchored = text.strip_prefix('^').is_some_and(|rest| !free(rest.chars().next()));
        return match options || anchored {
            true if text.ends_with('$') => Begins::Whole,
            true => Begins::So,
            false => Begins::Anyhow,
        };
    }
    let wild = |c: char| matches!(c, '%' | '_');
    match text.chars().next() {
        Some(first) if wild(first) || free(Some(first)) => Begins::Anyhow,
        _ if text.contains(wild) => Begins::So,
        _ => Begins::Whole,
    }
}

/// Whether it holds the documents that are searched.
fn searched(key: &IndexKey, of_subject: bool, field: &Field, subject: &Subject, language: Option<&str>) -> bool {
    if subject.path.is_empty() && field.pg_type.base == "tsvector" {
        return of_subject;
    }
    // Without a language the session's own is taken, which no index can depend on.
    let (Some(expression), Some(language)) = (&key.expression, language) else {
        return false;
    };
    let expression = bare(expression);
    let Some((configuration, document)) = expression
        .strip_prefix("to_tsvector")
        .and_then(|rest| rest.split_once(','))
    else {
        return false;
    };
    let configuration = configuration.trim_end_matches("::regconfig");
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    last(configuration) == last(&bare(language)) && document == expressed(field, subject)
}

/// A column, or the place in it that a path leads to, as [`bare`] leaves it of an index.
fn expressed(field: &Field, subject: &Subject) -> String {
    let mut text = field.name.clone();
    for step in &subject.path {
        text.push_str(if step.text { "->>" } else { "->" });
        match &step.key {
            Key::Name(name) => text.push_str(name),
            Key::Index(index) => text.push_str(&index.to_string()),
        }
    }
    bare(&text)
}

/// An expression without what can be written in several ways: parentheses, blanks, quotes, casts that change nothing.
fn bare(expression: &str) -> String {
    let mut text: String = expression
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '"' | '\''))
        .collect();
    for cast in ["::text", "::jsonb", "::charactervarying", "::integer"] {
        text = text.replace(cast, "");
    }
    text
}
