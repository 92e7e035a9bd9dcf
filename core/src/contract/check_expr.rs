//! What simple CHECK constraints say of single columns.
//!
//! A CHECK is kept when it is true or null, and an AND is broken as soon as one part is false: so each part of a
//! top-level AND is read for itself, and what cannot be read stays with the database. Nothing is claimed
//! that the database does not enforce.

use regex::Regex;

use super::pattern;
use super::sql_expr::{self, Expr};
use super::{Decimal, FieldRules};
use crate::catalog::{Kind, PgType};

/// One thing that a CHECK asks of one column's values.
#[derive(Debug, Clone)]
pub enum Known {
    /// At least.
    Ge(Decimal),
    /// Greater than.
    Gt(Decimal),
    /// At most.
    Le(Decimal),
    /// Less than.
    Lt(Decimal),
    /// Fewest characters.
    MinLength(u32),
    /// Most characters.
    MaxLength(u32),
    /// A pattern that matches somewhere.
    Pattern(Regex),
    /// The only strings allowed.
    OneOf(Vec<String>),
    /// Fewest items of an array.
    MinItems(u32),
    /// Most items of an array.
    MaxItems(u32),
}

impl Known {
    /// Adds this to the rules; of two bounds the narrower stays.
    pub fn narrow(self, rules: &mut FieldRules) {
        fn most<T: Ord>(slot: &mut Option<T>, value: T) {
            *slot = Some(match slot.take() {
                Some(old) => old.max(value),
                None => value,
            });
        }
        fn least<T: Ord>(slot: &mut Option<T>, value: T) {
            *slot = Some(match slot.take() {
                Some(old) => old.min(value),
                None => value,
            });
        }
        match self {
            Self::Ge(n) => most(&mut rules.ge, n),
            Self::Gt(n) => most(&mut rules.gt, n),
            Self::Le(n) => least(&mut rules.le, n),
            Self::Lt(n) => least(&mut rules.lt, n),
            Self::MinLength(n) => most(&mut rules.min_length, n),
            Self::MaxLength(n) => least(&mut rules.max_length, n),
            Self::MinItems(n) => most(&mut rules.min_items, n),
            Self::MaxItems(n) => least(&mut rules.max_items, n),
            Self::Pattern(regex) => rules.patterns.push(regex),
            Self::OneOf(words) => match &mut rules.one_of {
                Some(old) => old.retain(|word| words.contains(word)),
                none => *none = Some(words),
            },
        }
    }
}

/// What `definition` (`CHECK (…)`, as `pg_get_constraintdef` spells it) says of columns.
///
/// `type_of` gives the type of a column; for a domain's CHECK, that of `VALUE`.
pub fn understand<'t>(definition: &str, type_of: impl Fn(&str) -> Option<&'t PgType>) -> Vec<(String, Known)> {
    let text = definition.trim();
    // NOT VALID is enforced for new rows, NOT ENFORCED (PostgreSQL 18) never.
    if text.ends_with("NOT ENFORCED") {
        return Vec::new();
    }
    let text = text.strip_suffix("NOT VALID").map_or(text, str::trim_end);
    let text = text.strip_suffix("NO INHERIT").map_or(text, str::trim_end);
    let text = text.strip_prefix("CHECK").unwrap_or(text);
    let mut found = Vec::new();
    if let Some(expr) = sql_expr::parse(text) {
        conjunct(&expr, &type_of, &mut found);
    }
    found
}

fn conjunct<'t>(expr: &Expr, type_of: &impl Fn(&str) -> Option<&'t PgType>, found: &mut Vec<(String, Known)>) {
    let known = match expr {
        Expr::And(parts) => {
            for part in parts {
                conjunct(part, type_of, found);
            }
            return;
        }
        Expr::Compare(left, operator, right) => compare(left, operator, right, type_of),
        Expr::Or(parts) => one_of_words(parts, type_of),
        _ => None,
    };
    if let Some((column, list)) = known {
        found.extend(list.into_iter().map(|known| (column.clone(), known)));
    }
}

type Finding = (String, Vec<Known>);

fn compare<'t>(
    left: &Expr,
    operator: &str,
    right: &Expr,
    type_of: &impl Fn(&str) -> Option<&'t PgType>,
) -> Option<Finding> {
    if is_constant(left) && !is_constant(right) {
        let mirrored = match operator {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            "=" | "<>" => operator,
            _ => return None,
        };
        return compare(right, mirrored, left, type_of);
    }
    if let Expr::Call(function, arguments) = uncast_count(left) {
        return counted(function, arguments, operator, right, type_of);
    }
    let column = Subject::read(left, type_of)?;
    let known = match &column.pg_type.kind {
        kind if kind.is_number() => bounds(operator, number(right)?)?,
        Kind::Text { .. } | Kind::Enum { .. } => match operator {
            "=" => vec![Known::OneOf(words(right, &column)?)],
            // An empty string is the one word whose absence is a rule.
            "<>" if column.compares_exactly() && string(right, &column)?.is_empty() => vec![Known::MinLength(1)],
            "~" if column.compares_exactly() => {
                vec![Known::Pattern(pattern::from_postgres(string(right, &column)?)?)]
            }
            _ => return None,
        },
        _ => return None,
    };
    Some((column.name, known))
}

fn bounds(operator: &str, n: Decimal) -> Option<Vec<Known>> {
    Some(match operator {
        ">=" => vec![Known::Ge(n)],
        ">" => vec![Known::Gt(n)],
        "<=" => vec![Known::Le(n)],
        "<" => vec![Known::Lt(n)],
        "=" => vec![Known::Ge(n.clone()), Known::Le(n)],
        _ => return None,
    })
}

/// `length(x) <= 200`, `cardinality(x) >= 1` and their like.
fn counted<'t>(
    function: &str,
    arguments: &[Expr],
    operator: &str,
    right: &Expr,
    type_of: &impl Fn(&str) -> Option<&'t PgType>,
) -> Option<Finding> {
    let (min, max) = count_bounds(operator, number(right)?)?;
    let first = arguments.first()?;
    match (function, arguments.len()) {
        ("char_length" | "character_length" | "length", 1) => {
            let (inner, trimmed) = match first {
                Expr::Call(trim, inner) if ["btrim", "ltrim", "rtrim"].contains(&trim.as_str()) && inner.len() == 1 => {
                    (inner.first()?, true)
                }
                plain => (plain, false),
            };
            let column = Subject::read(inner, type_of)?;
            if !column.pg_type.kind.is_text() || is_padded(column.pg_type) {
                return None;
            }
            // What is left after trimming is never longer than the whole: only the lower bound holds for both.
            let max = max.filter(|_| !trimmed).map(Known::MaxLength);
            Some((column.name, min.map(Known::MinLength).into_iter().chain(max).collect()))
        }
        ("cardinality", 1) | ("array_length", 2) => {
            let column = Subject::read(first, type_of)?;
            if !matches!(column.pg_type.kind, Kind::Array { .. }) {
                return None;
            }
            let by_dimension = arguments.len() == 2;
            if by_dimension && arguments.get(1) != Some(&Expr::Number("1".to_owned())) {
                return None;
            }
            // array_length is null for an empty array, which keeps the CHECK: no lower bound follows.
            let min = min.filter(|_| !by_dimension).map(Known::MinItems);
            let max = max.map(Known::MaxItems);
            Some((column.name, min.into_iter().chain(max).collect()))
        }
        _ => None,
    }
}

/// Fewest and most; bounds that hold anyway (`>= 0`) or never can (`< 0`) give nothing.
fn count_bounds(operator: &str, n: Decimal) -> Option<(Option<u32>, Option<u32>)> {
    let n = u32::try_from(n.to_i64()?).ok()?;
    Some(match operator {
        ">=" => (Some(n).filter(|n| *n > 0), None),
        ">" => (Some(n.checked_add(1)?), None),
        "<=" => (None, Some(n)),
        "<" => (None, Some(n.checked_sub(1)?)),
        "=" => (Some(n), Some(n)),
        "<>" if n == 0 => (Some(1), None),
        _ => return None,
    })
}

/// `x = 'a' OR x = 'b'`, all about one column.
fn one_of_words<'t>(parts: &[Expr], type_of: &impl Fn(&str) -> Option<&'t PgType>) -> Option<Finding> {
    let mut all: Option<(String, Vec<String>)> = None;
    for part in parts {
        let Expr::Compare(left, operator, right) = part else {
            return None;
        };
        let (name, mut known) = compare(left, operator, right, type_of)?;
        let Some(Known::OneOf(list)) = known.pop() else {
            return None;
        };
        match &mut all {
            None => all = Some((name, list)),
            Some((column, words)) if *column == name => words.extend(list),
            Some(_) => return None,
        }
    }
    let (name, words) = all?;
    Some((name, vec![Known::OneOf(words)]))
}

/// A column, bare or under a cast that keeps its values.
struct Subject<'t> {
    name: String,
    pg_type: &'t PgType,
    as_text: bool,
}

impl<'t> Subject<'t> {
    fn read(expr: &Expr, type_of: &impl Fn(&str) -> Option<&'t PgType>) -> Option<Self> {
        match expr {
            Expr::Name(name) => Some(Self {
                pg_type: type_of(name)?,
                name: name.clone(),
                as_text: false,
            }),
            Expr::Cast(inner, to) => {
                let inner = Self::read(inner, type_of)?;
                let as_text = matches!(to.as_str(), "text" | "character varying");
                // A domain's value is printed with a cast to its own base type.
                let keeps = match inner.pg_type.kind {
                    Kind::Int2 => {
                        ["smallint", "integer", "bigint", "numeric", "double precision"].contains(&to.as_str())
                    }
                    Kind::Int4 => ["integer", "bigint", "numeric", "double precision"].contains(&to.as_str()),
                    Kind::Int8 => matches!(to.as_str(), "bigint" | "numeric"),
                    Kind::Numeric { .. } => to == "numeric",
                    Kind::Float4 => matches!(to.as_str(), "real" | "double precision"),
                    Kind::Float8 => to == "double precision",
                    Kind::Text { .. } | Kind::Enum { .. } => as_text,
                    _ => false,
                };
                keeps.then_some(Self { as_text, ..inner })
            }
            _ => None,
        }
    }

    /// Whether `=` and `~` see the characters as they are: `citext` ignores case, `char(n)` trailing blanks.
    fn compares_exactly(&self) -> bool {
        !is_padded(self.pg_type) && (self.as_text || !is_citext(&self.pg_type.sql))
    }
}

fn is_citext(sql: &str) -> bool {
    sql == "citext" || sql.ends_with(".citext")
}

fn is_padded(pg_type: &PgType) -> bool {
    let sql = pg_type.sql.as_str();
    sql == "character" || sql == "bpchar" || sql.starts_with("character(")
}

/// `(length(x))::numeric` is still a count.
fn uncast_count(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(inner, to) if matches!(to.as_str(), "bigint" | "numeric" | "double precision") => inner,
        other => other,
    }
}

fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) | Expr::Text(_) => true,
        Expr::Cast(inner, _) => is_constant(inner),
        _ => false,
    }
}

/// A number under casts that keep it: `0`, `(0)::numeric`, `'-90'::integer`.
pub(super) fn number(expr: &Expr) -> Option<Decimal> {
    match expr {
        Expr::Number(text) => Decimal::parse(text),
        Expr::Cast(inner, to) => {
            let n = match inner.as_ref() {
                Expr::Text(text) => Decimal::parse(text)?,
                inner => number(inner)?,
            };
            match to.as_str() {
                "numeric" | "double precision" | "real" => Some(n),
                "smallint" | "integer" | "bigint" => n.is_integer().then_some(n),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A string, under a cast that keeps it.
fn string<'e>(expr: &'e Expr, column: &Subject<'_>) -> Option<&'e str> {
    match expr {
        Expr::Text(text) => Some(text),
        Expr::Cast(inner, to) => {
            let is_enum = matches!(column.pg_type.kind, Kind::Enum { .. });
            let text = string(inner, column)?;
            match to.as_str() {
                "text" | "character varying" => Some(text),
                // Trailing blanks do not count, so only a word of full length stands for itself alone.
                "bpchar" | "character" => match column.pg_type.kind {
                    Kind::Text {
                        max_length: Some(length),
                    } if usize::try_from(length) == Ok(text.chars().count()) => Some(text),
                    _ => None,
                },
                other if is_enum && !is_citext(other) && !other.contains('(') => Some(text),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `'a'`, or the list of `ANY (ARRAY['a', …])`. A NULL in the list keeps every CHECK, so it gives nothing.
fn words(expr: &Expr, column: &Subject<'_>) -> Option<Vec<String>> {
    if !column.as_text && is_citext(&column.pg_type.sql) {
        return None;
    }
    match expr {
        Expr::Any(list) => {
            let mut list = list.as_ref();
            while let Expr::Cast(inner, to) = list {
                if !matches!(to.as_str(), "text[]" | "character varying[]") {
                    return None;
                }
                list = inner;
            }
            let Expr::Array(items) = list else {
                return None;
            };
            items
                .iter()
                .map(|item| string(item, column).map(str::to_owned))
                .collect()
        }
        one => {
            if is_padded(column.pg_type) && !matches!(one, Expr::Cast(_, to) if to == "bpchar" || to == "character") {
                return None;
            }
            Some(vec![string(one, column)?.to_owned()])
        }
    }
}

#[cfg(test)]
#[path = "check_expr_tests.rs"]
mod tests;
