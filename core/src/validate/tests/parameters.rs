//! Filters, keys and suggestions.

use super::*;

#[test]
fn filters_and_keys() {
    for (kind, text, expected) in [
        (Kind::Int4, "12", Ok("12")),
        (Kind::Int4, "-007", Ok("-7")),
        (Kind::Int4, "1.0", Err("an integer")),
        (Kind::Int4, "", Err("an integer")),
        (
            Kind::Int4,
            "2147483648",
            Err("an integer between -2147483648 and 2147483647"),
        ),
        (
            Kind::Int8,
            "99999999999999999999",
            Err("an integer between -9223372036854775808 and 9223372036854775807"),
        ),
        (Kind::Bool, "T", Ok("true")),
        (Kind::Bool, "maybe", Err("true or false")),
        (Kind::Float8, "1e3", Ok("1e3")),
        (Kind::Float8, "1e999", Err("a number in the range of the column")),
        (Kind::Float8, "nan", Err("a number")),
        (
            Kind::Numeric {
                precision: Some(4),
                scale: Some(2),
            },
            "12.345",
            Ok("12.345"),
        ),
        (
            Kind::Numeric {
                precision: Some(4),
                scale: Some(2),
            },
            "123",
            Err("a number with at most 2 digits before the decimal point"),
        ),
        (Kind::Uuid, "x", Err("a UUID")),
        (
            Kind::Uuid,
            "0195E7A0-0000-7000-8000-00000000000A",
            Ok("0195e7a0-0000-7000-8000-00000000000a"),
        ),
        (
            Kind::TimestampTz,
            "2024-01-31T10:30:00 02:00",
            Ok("2024-01-31T10:30:00+02:00"),
        ),
        (
            Kind::TimestampTz,
            "2024-01-31 10:30:00",
            Err("a date with a time and an offset, such as 2026-01-31T13:45:00Z"),
        ),
        (Kind::Date, "2024-13-01", Err("a date such as 2026-01-31")),
        (Kind::Interval, "P1D", Ok("P1D")),
        (
            Kind::Enum {
                labels: vec!["a".into(), "b".into()],
            },
            "c",
            Err("one of 'a' or 'b'"),
        ),
        (TEXT, "any thing", Ok("any thing")),
        (TEXT, "nul\0", Err("text without U+0000")),
        (Kind::Jsonb, "{\"a\": 1}", Ok("{\"a\":1}")),
        (Kind::Jsonb, "{", Err("JSON")),
        (Kind::Vector { dimensions: None }, "[1, 2]", Ok("[1,2]")),
        (
            Kind::Vector { dimensions: None },
            "[1, x]",
            Err("a vector such as [1,2,3]"),
        ),
        (Kind::Range, "[1,2)", Ok("[1,2)")),
        (Kind::Bytea, "aGk=", Ok("\\x6869")),
    ] {
        let field = ruled(field("x", kind), |r| r.le = Decimal::parse("1"));
        assert_eq!(
            filter_value(&field, text),
            expected.map(str::to_owned).map_err(str::to_owned),
            "{text}"
        );
    }
    let violation = path_value(&field("id", Kind::Int8), "x").unwrap_err();
    assert_eq!(
        serde_json::to_value(&violation).unwrap(),
        json!({"type": "int_parsing", "loc": ["path", "id"], "msg": "must be an integer", "input": "x"})
    );
}

#[test]
fn suggestions() {
    let names = ["email", "name", "company"];
    for (name, expected) in [
        ("emial", Some("email")),
        ("Name", Some("name")),
        ("compnay", Some("company")),
        ("colour", None),
        ("x", None),
        ("", None),
    ] {
        assert_eq!(nearest(name, names), expected, "{name}");
    }
}

proptest::proptest! {
    /// Whatever a client sends, checking ends without a panic and array literals stay well quoted.
    #[test]
    fn texts_never_panic(text in "\\PC{0,40}") {
        for kind in [Kind::Date, Kind::Time, Kind::TimestampTz, Kind::Interval, Kind::Uuid, Kind::Bytea, Kind::SparseVec { dimensions: None }, Kind::Int8, Kind::Numeric { precision: Some(3), scale: Some(1) }] {
            let field = field("x", kind);
            let _ = filter_value(&field, &text);
            let _ = value(field, &json!(text).to_string());
        }
        for format in Format::ALL {
            let field = ruled(field("x", TEXT), |r| r.format = Format::parse(format));
            let _ = value(field, &json!(text).to_string());
        }
        let _ = compile_rule(&text);
    }
}
