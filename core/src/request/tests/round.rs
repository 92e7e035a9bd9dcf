//! Whatever text comes, reading it does not panic; and what was read is printed and read again as the same.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::print::{self, meaning};
use crate::request::query::parse;

/// Percent-encodes names and values, not what separates them.
fn encoded(printed: &[(String, String)]) -> String {
    let text = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = printed
        .iter()
        .map(|(n, v)| format!("{}={}", text(n), text(v)))
        .collect();
    pairs.join("&")
}

/// Pieces that mean something to the grammar, and some that do not.
fn piece() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "a",
        "b",
        "or",
        "and",
        "not",
        "not.",
        "eq",
        "eq.",
        "lt.1",
        "in.",
        "is.null",
        "like",
        "fts",
        "(any)",
        "(all)",
        "cs.",
        "{1,2}",
        "{",
        "}",
        "(",
        ")",
        ",",
        ".",
        ":",
        "::",
        "int",
        "text",
        "->",
        "->>",
        "0",
        "-1",
        "\"",
        "\\",
        "!",
        "inner",
        "...",
        "*",
        "count()",
        ".sum()",
        "select",
        "order",
        "limit",
        "desc",
        "nullslast",
        "'",
        "&",
        "|",
        " ",
        "%",
        "ż",
        "\u{1f980}",
        "null",
    ]);
    prop_oneof![9 => words.prop_map(str::to_owned), 1 => any::<String>()]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("select".to_owned()),
        Just("order".to_owned()),
        Just("or".to_owned()),
        Just("not.and".to_owned()),
        Just("a".to_owned()),
        Just("a->b".to_owned()),
        Just("o.a".to_owned()),
        text()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn never_panics(raw in any::<String>()) {
        _ = parse(&raw);
    }

    #[test]
    fn printed_and_read_again(name in name(), value in text()) {
        if let Ok(query) = parse(&encoded(&[(name, value)])) {
            let printed = print::pairs(&query);
            let again = parse(&encoded(&printed));
            prop_assert_eq!(again.ok().map(meaning), Some(meaning(query)), "{:?}", printed);
        }
    }
}
