//! Prints a query as a client could have written it, before percent-encoding.

use crate::request::column::{in_quotes, quoted};
use crate::request::{
    Comparison, Filter, Is, Nulls, Operand, Operator, OrderTerm, Page, Part, Pattern, Quantifier, Query, Relation,
    Search, SelectItem,
};

/// The whole query string.
pub(super) fn query(query: &Query) -> String {
    let pairs: Vec<String> = pairs(query)
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// A query without how it was written, which is kept besides.
pub(super) fn meaning(query: Query) -> Query {
    Query {
        narrowing: Vec::new(),
        ..query
    }
}

/// Names and values of the parameters.
pub(super) fn pairs(query: &Query) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    if !query.select.is_empty() {
        pairs.push(("select".to_owned(), items(&query.select)));
    }
    let (limit, offset) = match &query.page {
        Page::Offset { limit, offset } => (*limit, *offset),
        Page::After { limit, cursor } => {
            pairs.push(("cursor".to_owned(), cursor.clone()));
            (*limit, None)
        }
    };
    let own = Part {
        filters: query.filters.clone(),
        order: query.order.clone(),
        limit,
        offset,
    };
    part("", &own, &mut pairs);
    for (path, said) in &query.embedded {
        let prefix: String = path.iter().map(|name| format!("{}.", quoted(name))).collect();
        part(&prefix, said, &mut pairs);
    }
    pairs
}

fn part(prefix: &str, part: &Part, pairs: &mut Vec<(String, String)>) {
    pairs.extend(part.filters.iter().map(|filter| {
        let (name, value) = parameter(filter);
        (format!("{prefix}{name}"), value)
    }));
    if !part.order.is_empty() {
        let terms: Vec<String> = part.order.iter().map(term).collect();
        pairs.push((format!("{prefix}order"), terms.join(",")));
    }
    pairs.extend(part.limit.map(|limit| (format!("{prefix}limit"), limit.to_string())));
    pairs.extend(
        part.offset
            .map(|offset| (format!("{prefix}offset"), offset.to_string())),
    );
}

fn term(term: &OrderTerm) -> String {
    let column = match &term.relation {
        Some(relation) => format!("{}({})", quoted(relation), term.column),
        None => term.column.to_string(),
    };
    let nulls = match term.nulls {
        Some(Nulls::First) => ".nullsfirst",
        Some(Nulls::Last) => ".nullslast",
        None => "",
    };
    format!("{column}{}{nulls}", if term.descending { ".desc" } else { "" })
}

fn items(list: &[SelectItem]) -> String {
    list.iter().map(item).collect::<Vec<_>>().join(",")
}

fn item(item: &SelectItem) -> String {
    let named = |alias: &Option<String>| {
        alias
            .as_ref()
            .map_or(String::new(), |alias| format!("{}:", quoted(alias)))
    };
    let cast = |cast: &Option<crate::request::Cast>| cast.map_or(String::new(), |cast| format!("::{}", cast.sql()));
    match item {
        SelectItem::All => "*".to_owned(),
        SelectItem::Column {
            column,
            alias,
            cast: to,
        } => format!("{}{column}{}", named(alias), cast(to)),
        SelectItem::Aggregate {
            function,
            column,
            input_cast,
            cast: to,
            alias,
        } => {
            let column = column
                .as_ref()
                .map_or(String::new(), |c| format!("{c}{}.", cast(input_cast)));
            format!("{}{column}{}(){}", named(alias), function.as_str(), cast(to))
        }
        SelectItem::Embed {
            alias,
            relation,
            hints,
            inner,
            spread,
            items: inside,
        } => {
            let hints: String = hints.iter().map(|hint| format!("!{}", quoted(hint))).collect();
            format!(
                "{}{}{}{hints}{}({})",
                if *spread { "..." } else { "" },
                named(alias),
                quoted(relation),
                if *inner { "!inner" } else { "" },
                items(inside)
            )
        }
    }
}

/// A filter as a parameter of its own.
fn parameter(filter: &Filter) -> (String, String) {
    match filter {
        Filter::Test(test) => {
            let reserved = [
                "and",
                "or",
                "order",
                "limit",
                "offset",
                "select",
                "on_conflict",
                "columns",
                "cursor",
            ];
            let column = &test.column;
            let name = if column.path.is_empty() && reserved.contains(&column.name.as_str()) {
                in_quotes(&column.name)
            } else {
                column.to_string()
            };
            (name, operator(&test.operator, false))
        }
        Filter::Not(inner) => match (parameter(inner), &**inner) {
            ((name, operand), Filter::Test(_)) => (name, format!("not.{operand}")),
            ((name, operand), _) => (format!("not.{name}"), operand),
        },
        Filter::All(members) => ("and".to_owned(), tree(members)),
        Filter::Any(members) => ("or".to_owned(), tree(members)),
    }
}

fn tree(list: &[Filter]) -> String {
    format!("({})", list.iter().map(member).collect::<Vec<_>>().join(","))
}

fn member(filter: &Filter) -> String {
    match filter {
        Filter::Test(test) => format!("{}.{}", test.column, operator(&test.operator, true)),
        Filter::Not(inner) => match &**inner {
            Filter::Test(test) => format!("{}.not.{}", test.column, operator(&test.operator, true)),
            other => format!("not.{}", member(other)),
        },
        Filter::All(members) => format!("and{}", tree(members)),
        Filter::Any(members) => format!("or{}", tree(members)),
    }
}

fn operator(operator: &Operator, member: bool) -> String {
    let value = |text: &String| if member { listed(text) } else { text.clone() };
    match operator {
        Operator::Compare(comparison, given) => {
            let word = match comparison {
                Comparison::Eq => "eq",
                Comparison::Neq => "neq",
                Comparison::Gt => "gt",
                Comparison::Gte => "gte",
                Comparison::Lt => "lt",
                Comparison::Lte => "lte",
            };
            operand(word, given, member)
        }
        Operator::Pattern(pattern, given) => {
            let word = match pattern {
                Pattern::Like => "like",
                Pattern::Ilike => "ilike",
                Pattern::Match => "match",
                Pattern::Imatch => "imatch",
            };
            operand(word, given, member)
        }
        Operator::In(values) => format!(
            "in.({})",
            values.iter().map(|value| listed(value)).collect::<Vec<_>>().join(",")
        ),
        Operator::Is(is) => format!(
            "is.{}",
            match is {
                Is::Null => "null",
                Is::NotNull => "not_null",
                Is::True => "true",
                Is::False => "false",
                Is::Unknown => "unknown",
            }
        ),
        Operator::IsDistinct(text) => format!("isdistinct.{}", value(text)),
        Operator::Search { form, language, query } => {
            let word = match form {
                Search::Operators => "fts",
                Search::Plain => "plfts",
                Search::Phrase => "phfts",
                Search::Web => "wfts",
            };
            let language = language
                .as_ref()
                .map_or(String::new(), |language| format!("({language})"));
            format!("{word}{language}.{}", value(query))
        }
        Operator::Relate(relation, text) => {
            let word = match relation {
                Relation::Contains => "cs",
                Relation::ContainedIn => "cd",
                Relation::Overlaps => "ov",
                Relation::Left => "sl",
                Relation::Right => "sr",
                Relation::NotRight => "nxr",
                Relation::NotLeft => "nxl",
                Relation::Adjacent => "adj",
            };
            format!("{word}.{}", value(text))
        }
    }
}

fn operand(word: &str, operand: &Operand, member: bool) -> String {
    match operand {
        Operand::One(text) if member => format!("{word}.{}", listed(text)),
        Operand::One(text) => format!("{word}.{text}"),
        Operand::Many(quantifier, values) => {
            let quantifier = match quantifier {
                Quantifier::Any => "any",
                Quantifier::All => "all",
            };
            let plain = |value: &String| {
                let special = |c: char| matches!(c, ',' | '{' | '}' | '"' | '\\');
                if value.is_empty()
                    || value.contains(special)
                    || value.trim() != value
                    || value.eq_ignore_ascii_case("null")
                {
                    in_quotes(value)
                } else {
                    value.clone()
                }
            };
            format!(
                "{word}({quantifier}).{{{}}}",
                values.iter().map(plain).collect::<Vec<_>>().join(",")
            )
        }
    }
}

/// A member of a list or a tree; array literals and JSON in braces stand as they are.
fn listed(text: &str) -> String {
    let braced = text.starts_with('{') && text.ends_with('}') && !text.contains(['\\']);
    if !braced && (text.is_empty() || text.contains([',', '(', ')', '"', '\\', '{', '}'])) {
        in_quotes(text)
    } else {
        text.to_owned()
    }
}
