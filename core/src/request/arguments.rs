//! The query string of a call: which of its parameters are arguments, and which ask something of the rows.

use super::query::decode;
use crate::error::Result;

/// Words of the dialect, which are never arguments.
const WORDS: &[&str] = &[
    "select",
    "order",
    "limit",
    "offset",
    "cursor",
    "and",
    "or",
    "not.and",
    "not.or",
    "columns",
    "on_conflict",
];

/// Operators of filters.
const OPERATORS: &[&str] = &[
    "eq",
    "neq",
    "gt",
    "gte",
    "lt",
    "lte",
    "like",
    "ilike",
    "match",
    "imatch",
    "in",
    "is",
    "isdistinct",
    "fts",
    "plfts",
    "phfts",
    "wfts",
    "cs",
    "cd",
    "ov",
    "sl",
    "sr",
    "nxr",
    "nxl",
    "adj",
    "not",
];

/// What is known of a parameter's name.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// It is an argument's.
    pub argument: bool,
    /// It is a column's of the rows.
    pub column: bool,
}

/// A query string, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Arguments in the order of their first values.
    pub arguments: Vec<(String, Vec<String>)>,
    /// The parameters that ask something of the rows, as they came.
    pub rest: String,
}

/// Takes a query string apart. A name of an argument is one, unless the rows have such a column, too, and the value
/// begins with an operator. Any other name that is neither a word of the dialect nor filters anything is taken for an
/// argument, which no function will have.
///
/// # Errors
/// `bad_query` for text that cannot be decoded.
pub fn split(text: &str, known: impl Fn(&str) -> Known) -> Result<Split> {
    let mut split = Split::default();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        let is = known(&name);
        // `orders.limit=3` is about related rows, `meta->>a=eq.b` about a part of a column.
        let of_rows = || name.is_empty() || name.contains('.') || name.contains("->") || has_operator(&value);
        let asks = WORDS.contains(&name.as_str())
            || if is.argument {
                is.column && has_operator(&value)
            } else {
                of_rows()
            };
        if asks {
            if !split.rest.is_empty() {
                split.rest.push('&');
            }
            split.rest.push_str(pair);
            continue;
        }
        match split.arguments.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => split.arguments.push((name, vec![value])),
        }
    }
    Ok(split)
}

fn has_operator(value: &str) -> bool {
    let end = value.find(['.', '(']);
    end.and_then(|end| value.get(..end))
        .is_some_and(|word| OPERATORS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_apart() {
        let known = |name: &str| Known {
            argument: matches!(name, "a" | "both"),
            column: matches!(name, "b" | "both"),
        };
        for (text, arguments, rest) in [
            ("", "", ""),
            ("a=1&b=eq.2", "a=1", "b=eq.2"),
            ("a=eq.1", "a=eq.1", ""),
            ("both=1&both=gt.2", "both=1", "both=gt.2"),
            ("a=1&a=2", "a=1,2", ""),
            ("select=b&limit=3&order=b.desc", "", "select=b&limit=3&order=b.desc"),
            ("c=5", "c=5", ""),
            (
                "c=not.eq.5&d=in.(1)&e=like(any).{a}",
                "",
                "c=not.eq.5&d=in.(1)&e=like(any).{a}",
            ),
            ("c=5.5", "c=5.5", ""),
            (
                "or=(b.eq.1)&x.limit=3&meta-%3E%3Ek=eq.v",
                "",
                "or=(b.eq.1)&x.limit=3&meta-%3E%3Ek=eq.v",
            ),
            ("a=x%20y+z", "a=x y z", ""),
        ] {
            let split = split(text, known).unwrap();
            let told: Vec<String> = split
                .arguments
                .iter()
                .map(|(name, values)| format!("{name}={}", values.join(",")))
                .collect();
            assert_eq!(
                (told.join("&").as_str(), split.rest.as_str()),
                (arguments, rest),
                "{text}"
            );
        }
        assert!(split("a=%ff", known).is_err());
    }
}
