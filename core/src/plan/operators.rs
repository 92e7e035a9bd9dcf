//! Which operators a type takes. What is not listed here would be an error of Postgres's, about the statement itself.

use super::condition::Condition;
use crate::catalog::{Kind, PgType};
use crate::request::{Comparison, Operator, Pattern, Relation, Search};

const EQUAL: &[&str] = &["eq", "neq", "in", "isdistinct"];
const ORDER: &[&str] = &["gt", "gte", "lt", "lte"];
const PATTERNS: &[&str] = &["like", "ilike", "match", "imatch"];
const SEARCH: &[&str] = &["fts", "plfts", "phfts", "wfts"];
const SETS: &[&str] = &["cs", "cd", "ov"];
const PLACES: &[&str] = &["sl", "sr", "nxr", "nxl", "adj"];

/// The words of the operators that values of a type take, `is` among them.
#[must_use]
pub fn taken(pg_type: &PgType) -> Vec<&'static str> {
    let kind = &pg_type.kind;
    let mut words = Vec::new();
    // Other types are compared as Postgres's text, which says no more than whether they are the same.
    let other = matches!(kind, Kind::Object | Kind::Other) && pg_type.base != "xml";
    // Arrays are left to Postgres, but these items must be read before.
    let unread = matches!(kind, Kind::Array { item } if matches!(item.kind, Kind::TsVector | Kind::TsQuery));
    let ordered = pg_type.is_ordered() && !unread;
    if ordered || other {
        words.extend(EQUAL);
    }
    if ordered {
        words.extend(ORDER);
    }
    match kind {
        Kind::Text { .. } => {
            words.extend(PATTERNS);
            words.extend(SEARCH);
        }
        Kind::Json => words.extend(SEARCH),
        Kind::Jsonb => {
            words.extend(["cs", "cd"]);
            words.extend(SEARCH);
        }
        Kind::Array { .. } if ordered => words.extend(SETS),
        Kind::Range => {
            words.extend(SETS);
            words.extend(PLACES);
        }
        Kind::TsVector => words.extend(SEARCH),
        _ => {}
    }
    words.push("is");
    words
}

/// The word of an operator.
#[must_use]
pub const fn word(operator: &Operator) -> &'static str {
    match operator {
        Operator::Compare(comparison, _) => comparison_word(*comparison),
        Operator::In(_) => "in",
        Operator::Is(_) => "is",
        Operator::Pattern(pattern, _) => pattern_word(*pattern),
        Operator::IsDistinct(_) => "isdistinct",
        Operator::Search { form, .. } => search_word(*form),
        Operator::Relate(relation, _) => relation_word(*relation),
    }
}

/// The word of the operator that a planned test was asked with; none for what is no test of a column.
#[must_use]
pub const fn planned(condition: &Condition) -> Option<&'static str> {
    Some(match condition {
        Condition::Compare(_, comparison, _) | Condition::CompareMany(_, comparison, ..) => {
            comparison_word(*comparison)
        }
        Condition::In(..) => "in",
        Condition::Is(..) => "is",
        Condition::Pattern(_, pattern, _) | Condition::PatternMany(_, pattern, ..) => pattern_word(*pattern),
        Condition::IsDistinct(..) => "isdistinct",
        Condition::Search { form, .. } => search_word(*form),
        Condition::Relate(_, relation, _) => relation_word(*relation),
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) | Condition::Exists(_) | Condition::Implied(_) => {
            return None;
        }
    })
}

const fn comparison_word(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "eq",
        Comparison::Neq => "neq",
        Comparison::Gt => "gt",
        Comparison::Gte => "gte",
        Comparison::Lt => "lt",
        Comparison::Lte => "lte",
    }
}

const fn pattern_word(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::Like => "like",
        Pattern::Ilike => "ilike",
        Pattern::Match => "match",
        Pattern::Imatch => "imatch",
    }
}

const fn search_word(form: Search) -> &'static str {
    match form {
        Search::Operators => "fts",
        Search::Plain => "plfts",
        Search::Phrase => "phfts",
        Search::Web => "wfts",
    }
}

const fn relation_word(relation: Relation) -> &'static str {
    match relation {
        Relation::Contains => "cs",
        Relation::ContainedIn => "cd",
        Relation::Overlaps => "ov",
        Relation::Left => "sl",
        Relation::Right => "sr",
        Relation::NotRight => "nxr",
        Relation::NotLeft => "nxl",
        Relation::Adjacent => "adj",
    }
}
