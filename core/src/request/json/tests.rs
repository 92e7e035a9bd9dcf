use proptest::prelude::*;

use super::{Json, MAX_DEPTH, parse};
use crate::error::{Code, Error};

fn refusal(text: &str) -> String {
    parse(text.as_bytes()).expect_err(text).to_string()
}

#[test]
fn values_are_read_and_written_as_they_came() {
    for text in [
        "null",
        "true",
        "-0",
        "12345678901234567890.123456789e-7",
        "1E+5",
        r#""plain ünï 😀""#,
        r#"{"a":[1,{"b":[]},{}],"c":"\"\\\n\u0001","ü":null}"#,
    ] {
        let mut out = String::new();
        parse(text.as_bytes()).unwrap().write(&mut out);
        assert_eq!(out, text);
    }
    let spaced = parse(b" [ 1 , \"\\ud83d\\ude00\\/\" ]\r\n").unwrap();
    assert_eq!(spaced, Json::Array(vec![Json::Number("1"), Json::String("😀/".into())]));
}

#[test]
fn strings_are_borrowed_unless_escaped() {
    let Json::Array(items) = parse(br#"["a","\n"]"#).unwrap() else {
        panic!("an array");
    };
    assert!(matches!(&items[0], Json::String(std::borrow::Cow::Borrowed("a"))));
    assert!(matches!(&items[1], Json::String(std::borrow::Cow::Owned(_))));
}

#[test]
fn refusals_say_what_and_where() {
    for (text, expected) in [
        ("", "line 1, column 1: the body is empty; a JSON value was expected"),
        (" \n", "line 1, column 1: the body is empty; a JSON value was expected"),
        (
            "\u{feff}{}",
            "line 1, column 1: the body starts with a byte order mark; send plain UTF-8",
        ),
        ("{\"a\":1,\n \"a\":2}", "line 2, column 2: the key \"a\" comes twice"),
        ("{\"a\":1,\"\\u0061\":2}", "line 1, column 8: the key \"a\" comes twice"),
        ("{\"ü\":1,}", "line 1, column 8: a trailing comma is not JSON"),
        (
            "[1,]",
            "line 1, column 4: a value was expected before this bracket; a trailing comma is not JSON",
        ),
        (
            "{} x",
            "line 1, column 4: there is text after the end of the JSON value",
        ),
        ("1 2", "line 1, column 3: there is text after the end of the JSON value"),
        ("\"\\u0000\"", "line 1, column 2: U+0000 cannot be stored"),
        ("\"\0\"", "line 1, column 2: U+0000 cannot be stored"),
        (
            "\"a\tb\"",
            "line 1, column 3: a control character in a string must be escaped, for example \\n",
        ),
        (
            "\"\\ud800\"",
            "line 1, column 2: this is one half of a surrogate pair without the other",
        ),
        (
            "\"\\ud800\\u0041\"",
            "line 1, column 2: this is one half of a surrogate pair without the other",
        ),
        (
            "\"\\udc00\"",
            "line 1, column 2: this is one half of a surrogate pair without the other",
        ),
        ("\"\\u12\"", "line 1, column 2: \\u takes four hexadecimal digits"),
        (
            "\"\\x\"",
            "line 1, column 2: a backslash starts an escape that JSON does not have",
        ),
        ("\"abc", "line 1, column 1: the string that starts here does not end"),
        (
            "NaN",
            "line 1, column 1: NaN is not JSON; send null or leave the field out",
        ),
        (
            "-Infinity",
            "line 1, column 2: Infinity is not JSON; send null or leave the field out",
        ),
        ("True", "line 1, column 1: write `true` in lower case"),
        (
            "nul",
            "line 1, column 1: `nul` is not a JSON value; strings stand in double quotes",
        ),
        ("'a'", "line 1, column 1: strings stand in double quotes"),
        ("{a:1}", "line 1, column 2: a key in double quotes was expected"),
        ("{\"a\" 1}", "line 1, column 6: `:` was expected after the key \"a\""),
        ("[1 2]", "line 1, column 4: `,` or `]` was expected in this array"),
        ("{\"a\":1", "line 1, column 7: the body ends inside an object"),
        (
            "01",
            "line 1, column 1: a number does not start with a zero, unless it is 0 or 0.…",
        ),
        (".5", "line 1, column 1: a number starts with a digit: 0.5, not .5"),
        ("+1", "line 1, column 1: a number does not start with `+`"),
        ("1.", "line 1, column 1: a digit was expected after the decimal point"),
        ("1e", "line 1, column 1: a digit was expected in the exponent"),
        ("-", "line 1, column 1: a digit was expected after `-`"),
        ("0x10", "line 1, column 1: this is not a JSON number"),
        ("1e131072", "line 1, column 1: an exponent lies within ±131071"),
        (
            "1e-99999999999999999999",
            "line 1, column 1: an exponent lies within ±131071",
        ),
        ("/* */1", "line 1, column 1: JSON has no comments"),
    ] {
        assert_eq!(refusal(text), expected);
    }
    assert_eq!(
        parse(b"[\"\xff\"]").unwrap_err().to_string(),
        "line 1, column 3: this is not UTF-8"
    );
    let error = Error::from(parse(b"[").unwrap_err());
    assert_eq!(error.code(), Code::BadJson);
    assert_eq!(
        error.details(),
        Some("line 1, column 2: the body ends where a value was expected")
    );
}

#[test]
fn limits() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(deep(MAX_DEPTH as usize).as_bytes()).is_ok());
    assert!(refusal(&deep(MAX_DEPTH as usize + 1)).ends_with("more than 64 levels are nested"));
    assert!(refusal(&"{\"a\":".repeat(100_000)).ends_with("more than 64 levels are nested"));
    assert!(parse("9".repeat(2_000).as_bytes()).is_ok());
    assert!(refusal(&"9".repeat(2_001)).ends_with("a number has at most 2000 digits"));

    let entries: Vec<String> = (0..500).map(|n| format!("\"k{n}\":{n}")).collect();
    assert!(parse(format!("{{{}}}", entries.join(",")).as_bytes()).is_ok());
    let twice = format!("{{{},\n\"k7\":0}}", entries.join(","));
    assert_eq!(refusal(&twice), "line 2, column 1: the key \"k7\" comes twice");
}

#[test]
fn raw_input_is_left_out_when_long() {
    assert_eq!(parse(b"[1, 2]").unwrap().to_raw(256).unwrap().get(), "[1,2]");
    let long = format!("\"{}\"", "a".repeat(255));
    assert!(parse(long.as_bytes()).unwrap().to_raw(256).is_none());
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(serde_json::Value::from),
        "[^\0]{0,12}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::from),
            prop::collection::vec(("[^\0]{0,6}", inner), 0..24)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let parsed = parse(text.as_bytes()).unwrap();
        let mut written = String::new();
        parsed.write(&mut written);
        prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&written).unwrap(), &value);
        prop_assert_eq!(&parsed.to_value(), &value);
        prop_assert_eq!(parse(written.as_bytes()).unwrap(), parsed);
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    /// Whatever passes here passes `serde_json` too; the other way round only our own limits stand between.
    #[test]
    fn never_laxer_than_serde_json(text in r#"[\[\]{}",:0-9eE+.\\u ntf-]{0,24}"#) {
        if let Ok(parsed) = parse(text.as_bytes()) {
            let theirs = serde_json::from_str::<Box<serde_json::value::RawValue>>(&text);
            prop_assert!(theirs.is_ok(), "{} {:?}", text, parsed);
        } else if let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) {
            prop_assert!(text.contains('"') || text.contains(['e', 'E']), "refused {} = {}", text, value);
        }
    }
}
