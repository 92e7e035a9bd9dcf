//! Tables of cases, through the module's front door.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use super::{Bind, Model, body, compile_rule, filter_value, path_value, stored_row};
use crate::catalog::{Kind, PgType, QualifiedName, RelationKind};
use crate::contract::{
    Access, Decimal, Field, FieldRules, Format, JsonForm, Metric, Normalize, PageLimits, Resource, Rule, Shape,
};
use crate::error::{Code, Step};
use crate::request::json::parse;
use crate::suggest::nearest;

fn pg_type(kind: Kind) -> PgType {
    PgType {
        sql: "…".to_owned(),
        kind,
        domain_rules: Vec::new(),
    }
}

fn field(name: &str, kind: Kind) -> Field {
    Field {
        name: name.to_owned(),
        pg_type: pg_type(kind),
        nullable: false,
        optional: false,
        has_default: false,
        default: None,
        read_only: false,
        description: None,
        example: None,
        json: JsonForm::Number,
        rules: FieldRules::default(),
    }
}

const TEXT: Kind = Kind::Text { max_length: None };

fn nullable(mut field: Field) -> Field {
    (field.nullable, field.optional) = (true, true);
    field
}

fn defaulted(mut field: Field) -> Field {
    (field.has_default, field.optional) = (true, true);
    field
}

fn ruled(mut field: Field, change: impl FnOnce(&mut FieldRules)) -> Field {
    change(&mut field.rules);
    field
}

fn rule(expr: &str, loc: Option<&str>) -> Rule {
    let (program, fields) = compile_rule(expr).unwrap();
    Rule {
        expr: expr.to_owned(),
        loc: loc.map(str::to_owned),
        msg: format!("breaks {expr}"),
        fields,
        program,
        unset: OnceLock::new(),
    }
}

fn resource(fields: Vec<Field>, rules: Vec<Rule>) -> Resource {
    Resource {
        name: "things".to_owned(),
        path: "/api/things".to_owned(),
        file: "resources/things.toml".into(),
        table: QualifiedName::new("public", "things"),
        kind: RelationKind::Table,
        description: None,
        by_name: fields
            .iter()
            .enumerate()
            .map(|(index, f)| (f.name.clone(), index))
            .collect(),
        fields,
        key: vec![0],
        unique: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        access: Access::default(),
        rules,
        page: PageLimits {
            default: 100,
            max: 1000,
        },
        max_batch: 3,
    }
}

/// `id` identity, `email`, `name`, `note` nullable, `score` with a default.
fn leads(rules: Vec<Rule>) -> Resource {
    let mut id = defaulted(field("id", Kind::Int8));
    id.read_only = true;
    let email = ruled(field("email", TEXT), |r| {
        r.format = Some(Format::Email);
        r.normalize = vec![Normalize::Trim, Normalize::Lowercase];
    });
    let name = ruled(field("name", TEXT), |r| {
        (r.min_length, r.max_length) = (Some(1), Some(5))
    });
    let score = ruled(defaulted(field("score", Kind::Int4)), |r| {
        (r.ge, r.le) = (Decimal::parse("0"), Decimal::parse("100"));
    });
    let opened = defaulted(field("opened_at", Kind::TimestampTz));
    let closed = nullable(field("closed_at", Kind::TimestampTz));
    resource(
        vec![id, email, name, nullable(field("note", TEXT)), score, opened, closed],
        rules,
    )
}

/// The violations of a body as `[type, loc…, msg]`, each a line.
fn faults(resource: &Resource, model: Model, text: &str) -> Vec<String> {
    match body(resource, model, &parse(text.as_bytes()).unwrap()) {
        Ok(_) => Vec::new(),
        Err(error) => {
            assert_eq!(error.code(), Code::ValidationFailed);
            let line = |v: &crate::error::Violation| {
                let loc = serde_json::to_string(&v.loc).unwrap();
                format!("{} {} {}", v.kind, loc, v.msg)
            };
            error.violations().iter().map(line).collect()
        }
    }
}

/// What one value of a field becomes, or `type: message` of what is wrong with it.
fn value(field: Field, json: &str) -> Result<Bind, String> {
    let resource = resource(vec![field], Vec::new());
    let text = format!("{{\"{}\":{json}}}", resource.fields[0].name);
    match body(&resource, Model::Create, &parse(text.as_bytes()).unwrap()) {
        Ok(checked) => Ok(checked.rows[0].values[0].1.clone()),
        Err(error) => {
            let tell = |v: &crate::error::Violation| {
                let deeper: Vec<String> = v.loc[2..]
                    .iter()
                    .map(|step| serde_json::to_string(step).unwrap() + " ")
                    .collect();
                format!("{}{}: {}", deeper.concat(), v.kind, v.msg)
            };
            Err(error.violations().iter().map(tell).collect::<Vec<_>>().join(" | "))
        }
    }
}

#[track_caller]
fn table(field: &Field, cases: &[(&str, Result<&str, &str>)]) {
    for (json, expected) in cases {
        let got = value(field.clone(), json);
        let got = match &got {
            Ok(Bind::Text(text) | Bind::Json(text)) => Ok(text.as_str()),
            Ok(Bind::Null) => Ok("NULL"),
            Err(message) => Err(message.as_str()),
        };
        assert_eq!(got, *expected, "{} = {json}", field.name);
    }
}

#[test]
fn scalars() {
    table(
        &field("flag", Kind::Bool),
        &[
            ("true", Ok("true")),
            ("1", Err("bool_type: must be true or false")),
            ("null", Err("bool_type: must not be null")),
        ],
    );
    table(
        &nullable(field("flag", Kind::Bool)),
        &[("null", Ok("NULL")), ("false", Ok("false"))],
    );
    table(
        &field("int2", Kind::Int2),
        &[
            ("32767", Ok("32767")),
            ("-32768", Ok("-32768")),
            ("32768", Err("less_than_equal: must be at most 32767")),
            ("-1e5", Err("greater_than_equal: must be at least -32768")),
            ("12.0", Ok("12")),
            ("1e2", Ok("100")),
            ("-0", Ok("0")),
            ("1.5", Err("int_from_float: must be a whole number")),
            ("\"12\"", Err("int_type: must be an integer")),
            ("[]", Err("int_type: must be an integer")),
        ],
    );
    table(
        &field("int8", Kind::Int8),
        &[
            ("9223372036854775807", Ok("9223372036854775807")),
            (
                "9223372036854775808",
                Err("less_than_equal: must be at most 9223372036854775807"),
            ),
            ("-9223372036854775808", Ok("-9223372036854775808")),
            ("1e100000", Err("less_than_equal: must be at most 9223372036854775807")),
        ],
    );
    let mut as_string = field("int8", Kind::Int8);
    as_string.json = JsonForm::String;
    table(
        &as_string,
        &[
            ("\"12\"", Ok("12")),
            ("12", Ok("12")),
            ("\"x\"", Err("int_parsing: must be an integer")),
        ],
    );
    table(
        &field("float8", Kind::Float8),
        &[
            ("1.5e300", Ok("1.5e300")),
            (
                "1e400",
                Err("finite_number: must be within the range of a 64-bit float"),
            ),
            (
                "1e-400",
                Err("finite_number: must be within the range of a 64-bit float"),
            ),
            ("0e-400", Ok("0e-400")),
            ("\"1\"", Err("float_type: must be a number")),
        ],
    );
    table(
        &field("float4", Kind::Float4),
        &[
            ("3e38", Ok("3e38")),
            ("4e38", Err("finite_number: must be within the range of a 32-bit float")),
        ],
    );
    let price = Kind::Numeric {
        precision: Some(5),
        scale: Some(2),
    };
    table(
        &field("price", price),
        &[
            ("123.45", Ok("123.45")),
            ("1.50", Ok("1.50")),
            ("1.505", Err("decimal_max_places: must have at most 2 decimal places")),
            (
                "1234",
                Err("decimal_whole_digits: must have at most 3 digits before the decimal point"),
            ),
            ("123456", Err("decimal_max_digits: must have at most 5 digits")),
            (
                "1e3",
                Err("decimal_whole_digits: must have at most 3 digits before the decimal point"),
            ),
        ],
    );
    table(
        &field(
            "any",
            Kind::Numeric {
                precision: None,
                scale: None,
            },
        ),
        &[
            ("12345678901234567890.123456789", Ok("12345678901234567890.123456789")),
            (
                "1e-20000",
                Err("decimal_max_places: must have at most 16383 decimal places"),
            ),
        ],
    );
    table(
        &field("id", Kind::Uuid),
        &[
            (
                "\"0195E7A0-0000-7000-8000-00000000000A\"",
                Ok("0195e7a0-0000-7000-8000-00000000000a"),
            ),
            ("\"0195e7a0\"", Err("uuid_parsing: not a UUID")),
            ("1", Err("uuid_type: must be a string with a UUID")),
        ],
    );
    table(
        &field(
            "state",
            Kind::Enum {
                labels: vec!["new".into(), "open".into(), "won".into()],
            },
        ),
        &[
            ("\"open\"", Ok("open")),
            (
                "\"opne\"",
                Err("enum: must be one of 'new', 'open' or 'won'; did you mean 'open'?"),
            ),
            ("3", Err("string_type: must be a string")),
        ],
    );
    table(
        &field("data", Kind::Bytea),
        &[
            ("\"aGk=\"", Ok("\\x6869")),
            ("\"aGk\"", Ok("\\x6869")),
            ("\"_-8\"", Ok("\\xffef")),
            ("\"a\"", Err("base64_decode: not base64")),
        ],
    );
    table(
        &field("net", Kind::Other),
        &[
            ("\"10.0.0.0/8\"", Ok("10.0.0.0/8")),
            ("{}", Err("string_type: must be a string")),
        ],
    );
    table(&field("span", Kind::Range), &[("\"[1,5)\"", Ok("[1,5)"))]);
}

#[test]
fn times() {
    table(
        &field("day", Kind::Date),
        &[
            ("\"2024-02-29\"", Ok("2024-02-29")),
            ("\"2023-02-29\"", Err("date_parsing: not a date such as 2026-01-31")),
            ("\"0000-01-01\"", Err("date_parsing: not a date such as 2026-01-31")),
            ("20240229", Err("date_type: must be a string with a date")),
        ],
    );
    table(
        &field("at", Kind::Time),
        &[
            ("\"10:30\"", Ok("10:30")),
            ("\"23:59:59.9999999\"", Ok("23:59:59.999999")),
            ("\"24:00:00\"", Err("time_parsing: not a time such as 13:45:00")),
            ("\"10:30:00Z\"", Err("timezone_naive: must not have an offset")),
        ],
    );
    table(
        &field("at", Kind::TimeTz),
        &[
            ("\"10:30:00+02:00\"", Ok("10:30:00+02:00")),
            (
                "\"10:30:00\"",
                Err("timezone_aware: must have an offset, such as Z or +02:00"),
            ),
        ],
    );
    let wrong = "datetime_parsing: not a date with a time such as 2026-01-31T13:45:00Z";
    table(
        &field("at", Kind::TimestampTz),
        &[
            ("\"2024-01-31T10:30:00Z\"", Ok("2024-01-31T10:30:00Z")),
            ("\"2024-01-31t10:30:00.123456789z\"", Ok("2024-01-31T10:30:00.123456Z")),
            ("\"2024-01-31 10:30:00-05:30\"", Ok("2024-01-31T10:30:00-05:30")),
            (
                "\"2024-01-31T10:30:00\"",
                Err("timezone_aware: must have an offset, such as Z or +02:00"),
            ),
            ("\"2024-01-31T10:30:60Z\"", Err(wrong)),
            ("\"2024-01-31T24:00:00Z\"", Err(wrong)),
            ("\"2024-01-31T10:30:00+0200\"", Err(wrong)),
            ("\"2024-01-31T10:30:00+24:00\"", Err(wrong)),
            ("\"0001-01-01T00:00:00+01:00\"", Err(wrong)),
            ("\"2024-01-31\"", Err(wrong)),
            ("\"2024-01-31Tü\"", Err(wrong)),
            (
                "1706000000",
                Err("datetime_type: must be a string with a date and a time"),
            ),
        ],
    );
    table(
        &field("at", Kind::Timestamp),
        &[
            ("\"2024-01-31T10:30\"", Ok("2024-01-31T10:30")),
            (
                "\"2024-01-31T10:30:00Z\"",
                Err("timezone_naive: must not have an offset"),
            ),
        ],
    );
    let wrong = "time_delta_parsing: not a duration such as P1DT12H";
    table(
        &field("took", Kind::Interval),
        &[
            ("\"P1Y2M3W4DT5H6M7.5S\"", Ok("P1Y2M3W4DT5H6M7.5S")),
            ("\"PT0.5H\"", Ok("PT0.5H")),
            ("\"-P1DT2H\"", Ok("P-1DT-2H")),
            ("\"P1Y-2M\"", Ok("P1Y-2M")),
            ("\"P\"", Err(wrong)),
            ("\"P1DT\"", Err(wrong)),
            ("\"PT1.5H2M\"", Err(wrong)),
            ("\"P1H\"", Err(wrong)),
            ("\"PT1D\"", Err(wrong)),
            ("\"P1M1Y\"", Err(wrong)),
            ("\"1 day\"", Err(wrong)),
            ("\"P9999999999Y\"", Err(wrong)),
        ],
    );
}

#[test]
fn string_rules() {
    table(
        &ruled(field("name", Kind::Text { max_length: Some(4) }), |r| {
            r.min_length = Some(2)
        }),
        &[
            ("\"üß😀é\"", Ok("üß😀é")),
            ("\"a\"", Err("string_too_short: must have at least 2 characters")),
            ("\"abcde\"", Err("string_too_long: must have at most 4 characters")),
            ("5", Err("string_type: must be a string")),
            ("null", Err("string_type: must not be null")),
        ],
    );
    let code = ruled(field("code", TEXT), |r| {
        r.patterns = vec![regex::Regex::new("^[A-Z]+$").unwrap(), regex::Regex::new("A").unwrap()];
        r.normalize = vec![Normalize::CollapseWhitespace, Normalize::Trim, Normalize::Uppercase];
    });
    table(
        &code,
        &[
            ("\" \\t abc \"", Ok("ABC")),
            (
                "\"b c\"",
                Err(
                    "string_pattern_mismatch: must match the pattern ^[A-Z]+$ | string_pattern_mismatch: must match the pattern A",
                ),
            ),
        ],
    );
    table(
        &ruled(field("size", TEXT), |r| {
            r.one_of = Some(vec!["small".into(), "large".into()])
        }),
        &[
            ("\"large\"", Ok("large")),
            ("\"huge\"", Err("literal_error: must be one of 'small' or 'large'")),
            (
                "\"samll\"",
                Err("literal_error: must be one of 'small' or 'large'; did you mean 'small'?"),
            ),
        ],
    );
}

#[test]
fn formats() {
    let long = format!("{}@example.com", "a".repeat(65));
    let label = format!("a@{}.com", "b".repeat(64));
    let cases: &[(Format, &[&str], &[&str])] = &[
        (
            Format::Email,
            &[
                "ada@example.com",
                "a.b+c@x-y.example.org",
                "!#$%&'*+/=?^_`{|}~-@example.com",
            ],
            &[
                "ada@",
                "@example.com",
                "ada@localhost",
                "a b@example.com",
                "a..b@example.com",
                ".a@example.com",
                "a.@example.com",
                "a@-x.com",
                "a@x-.com",
                "a@x..com",
                "a@x.com.",
                "a@1.2.3.4",
                "ü@example.com",
                "a@b@example.com",
                "",
                &long,
                &label,
            ],
        ),
        (
            Format::Uri,
            &[
                "https://example.com/a?b#c",
                "urn:isbn:0451450523",
                "mailto:a@example.com",
            ],
            &["/a", "example.com", "https://exa mple.com", "http://[::1"],
        ),
        (
            Format::Uuid,
            &["0195e7a0-0000-7000-8000-00000000000a"],
            &["{0195e7a0-0000-7000-8000-00000000000a}", "0195e7a0"],
        ),
        (
            Format::Hostname,
            &["example.com", "localhost", "a-b.c1"],
            &["", "-a.com", "a_b.com", "a..b", "a."],
        ),
        (Format::Ipv4, &["127.0.0.1"], &["127.0.0.256", "127.1", "01.2.3.4"]),
        (
            Format::Ipv6,
            &["::1", "2001:db8::ff00:42:8329", "::ffff:1.2.3.4"],
            &[":::1", "fe80::1%eth0", "1.2.3.4"],
        ),
        (
            Format::DateTime,
            &["2024-01-31T10:30:00Z", "2024-01-31T10:30:00.5+02:00"],
            &["2024-01-31T10:30Z", "2024-01-31T10:30:00", "2024-01-31"],
        ),
        (Format::Date, &["2024-01-31"], &["2024-1-31", "31.01.2024"]),
        (
            Format::Time,
            &["10:30:00", "10:30:00Z", "10:30:00.25-03:00"],
            &["10:30", "25:00:00"],
        ),
        (Format::Duration, &["P1D", "PT1H30M", "P2W"], &["-P1D", "P-1D", "1h"]),
        (
            Format::Phone,
            &["+14155550123", "+12"],
            &["14155550123", "+0123", "+1", "+1234567890123456", "+1 415"],
        ),
    ];
    for (format, good, bad) in cases {
        let field = ruled(field("x", TEXT), |r| r.format = Some(*format));
        for text in *good {
            assert!(
                value(field.clone(), &json!(text).to_string()).is_ok(),
                "{format:?} {text}"
            );
        }
        for text in *bad {
            assert!(
                value(field.clone(), &json!(text).to_string()).is_err(),
                "{format:?} {text}"
            );
        }
    }
}

#[test]
fn number_rules() {
    let half = ruled(
        field(
            "n",
            Kind::Numeric {
                precision: None,
                scale: None,
            },
        ),
        |r| {
            (r.gt, r.lt, r.multiple_of) = (Decimal::parse("0"), Decimal::parse("10.5"), Decimal::parse("0.25"));
        },
    );
    table(
        &half,
        &[
            ("10.25", Ok("10.25")),
            ("0", Err("greater_than: must be greater than 0")),
            ("10.5", Err("less_than: must be less than 10.5")),
            ("3.1", Err("multiple_of: must be a multiple of 0.25")),
            (
                "-0.1",
                Err("greater_than: must be greater than 0 | multiple_of: must be a multiple of 0.25"),
            ),
        ],
    );
    let whole = ruled(field("n", Kind::Int4), |r| {
        (r.ge, r.le, r.multiple_of) = (
            Decimal::parse("0.5"),
            Decimal::parse("99999999999"),
            Decimal::parse("5"),
        );
    });
    table(
        &whole,
        &[
            ("5", Ok("5")),
            ("0", Err("greater_than_equal: must be at least 0.5")),
            ("7", Err("multiple_of: must be a multiple of 5")),
            ("5000000000", Err("less_than_equal: must be at most 2147483647")),
        ],
    );
    let error = body(&leads(Vec::new()), Model::Update, &parse(b"{\"score\":140}").unwrap()).unwrap_err();
    assert_eq!(error.violations()[0].ctx, Some(json!({"le": 100})));
    assert_eq!(error.violations()[0].input.as_ref().unwrap().get(), "140");
}

#[test]
fn lists() {
    let of = |kind: Kind| Kind::Array {
        item: Box::new(pg_type(kind)),
    };
    let tags = ruled(field("tags", of(TEXT)), |r| {
        (r.min_items, r.max_items) = (Some(1), Some(3));
        r.items = Some(Box::new(FieldRules {
            max_length: Some(5),
            normalize: vec![Normalize::Trim],
            ..FieldRules::default()
        }));
    });
    table(
        &tags,
        &[
            (
                r#"["a","b \"q\" \\ ",null]"#,
                Err("1 string_too_long: must have at most 5 characters"),
            ),
            (r#"["a","\"\\ ",null]"#, Ok(r#"{"a","\"\\",NULL}"#)),
            (r#"["NULL","",",{}"]"#, Ok(r#"{"NULL","",",{}"}"#)),
            ("[]", Err("too_short: must have at least 1 item")),
            (r#"["a","b","c","d"]"#, Err("too_long: must have at most 3 items")),
            (r#"["a",5]"#, Err("1 string_type: must be a string")),
            (r#"[["a"],["b"]]"#, Ok(r#"{{"a"},{"b"}}"#)),
            (r#""a""#, Err("list_type: must be an array")),
        ],
    );
    let grid = "list_type: must be an array as long as its neighbours, and not empty: nested arrays form a grid";
    table(
        &field("grid", of(Kind::Int4)),
        &[
            ("[]", Ok("{}")),
            ("[1,2.0,null]", Ok("{1,2,NULL}")),
            ("[[1,2],[3,4]]", Ok("{{1,2},{3,4}}")),
            ("[[1,2],[3]]", Err(&format!("1 {grid}"))),
            ("[[1],2]", Err(&format!("1 {grid}"))),
            ("[[]]", Err(&format!("0 {grid}"))),
            ("[1,[2]]", Err("1 int_type: must be an integer")),
            ("[[[[[[[1]]]]]]]", Err("list_type: must have at most 6 dimensions")),
        ],
    );
    table(
        &field("docs", of(Kind::Jsonb)),
        &[(r#"[[1],{"a":"b"}]"#, Ok(r#"{"[1]","{\"a\":\"b\"}"}"#))],
    );
    table(
        &field("at", of(Kind::TimestampTz)),
        &[(r#"["2024-01-31T10:30:00Z"]"#, Ok(r#"{"2024-01-31T10:30:00Z"}"#))],
    );
}

#[test]
fn vectors() {
    let cosine = ruled(field("v", Kind::Vector { dimensions: Some(3) }), |r| {
        r.metric = Some(Metric::Cosine)
    });
    table(
        &cosine,
        &[
            ("[1,-2.5,3e-2]", Ok("[1,-2.5,3e-2]")),
            ("[1,2]", Err("vector_dimensions: must have 3 dimensions, not 2")),
            (
                "[0,0,-0.0]",
                Err("vector_zero_norm: must not be all zeros: it has no direction to compare by cosine"),
            ),
            (
                "[1,\"2\",1e39]",
                Err("1 float_type: must be a number | 2 finite_number: must be within the range of a 32-bit float"),
            ),
            ("\"[1,2,3]\"", Err("list_type: must be an array of numbers")),
        ],
    );
    table(
        &field("v", Kind::Vector { dimensions: None }),
        &[
            ("[0]", Ok("[0]")),
            ("[]", Err("vector_dimensions: must have between 1 and 16000 dimensions")),
        ],
    );
    table(
        &field("h", Kind::HalfVec { dimensions: Some(1) }),
        &[
            ("[65504]", Ok("[65504]")),
            (
                "[65520]",
                Err("0 finite_number: must be within ±65504, the range of a 16-bit float"),
            ),
        ],
    );
    let wrong = "sparse_vector_parsing: not a sparse vector such as {1:0.5,7:2}/10";
    table(
        &field("s", Kind::SparseVec { dimensions: Some(10) }),
        &[
            ("\"{1:0.5,7:2}/10\"", Ok("{1:0.5,7:2}/10")),
            ("\"{}/10\"", Ok("{}/10")),
            ("\"{}/9\"", Err("vector_dimensions: must have 10 dimensions, not 9")),
            ("\"{0:1}/10\"", Err(wrong)),
            ("\"{1:1,1:2}/10\"", Err(wrong)),
            ("\"{1:x}/10\"", Err(wrong)),
            ("[1]", Err("string_type: must be a string")),
        ],
    );
}

#[test]
fn documents() {
    table(
        &field("doc", Kind::Jsonb),
        &[
            (r#"{ "n": 1.10, "b": [1e2] }"#, Ok(r#"{"n":1.10,"b":[1e2]}"#)),
            (
                r#"{"a":[1e5000]}"#,
                Err(r#""a" 0 finite_number: must have at most 1000 digits on either side of the decimal point"#),
            ),
            ("null", Err("json_type: must not be null")),
            ("\"x\"", Ok("\"x\"")),
        ],
    );
    let source = json!({"type": "object", "properties": {"utm": {"type": "array", "items": {"type": "string"}}}, "required": ["utm"]});
    let shape = Shape {
        validator: Arc::new(jsonschema::validator_for(&source).unwrap()),
        source: Arc::new(source),
    };
    table(
        &ruled(field("meta", Kind::Jsonb), |r| r.schema = Some(shape)),
        &[
            (r#"{"utm":["a"]}"#, Ok(r#"{"utm":["a"]}"#)),
            (
                r#"{"utm":["a",2]}"#,
                Err(r#""utm" 1 json_schema: the value is not of type "string""#),
            ),
            ("{}", Err(r#"json_schema: "utm" is a required property"#)),
        ],
    );
}

#[test]
fn every_violation_at_once() {
    let resource = leads(Vec::new());
    assert_eq!(
        faults(
            &resource,
            Model::Create,
            r#"{"email":"ada@","score":140,"colour":1,"nmae":"x","id":1}"#
        ),
        [
            r#"read_only ["body","id"] is set by the database"#,
            r#"string_email ["body","email"] not an e-mail address"#,
            r#"missing ["body","name"] is required"#,
            r#"less_than_equal ["body","score"] must be at most 100"#,
            r#"extra_forbidden ["body","colour"] is not a field"#,
            r#"extra_forbidden ["body","nmae"] is not a field; did you mean `name`?"#,
        ]
    );
    let error = body(
        &resource,
        Model::Create,
        &parse(br#"{"email":"ada@","name":"A","score":140}"#).unwrap(),
    );
    assert_eq!(
        error.unwrap_err().details(),
        Some("email: not an e-mail address; score: must be at most 100")
    );
}

#[test]
fn models_differ_in_what_must_be_there() {
    let resource = leads(Vec::new());
    let email = r#"{"email":" ADA@Example.com "}"#;
    assert_eq!(
        faults(&resource, Model::Create, email),
        [r#"missing ["body","name"] is required"#]
    );
    assert_eq!(
        faults(&resource, Model::Replace, email),
        [r#"missing ["body","name"] is required"#]
    );
    let checked = body(&resource, Model::Update, &parse(email.as_bytes()).unwrap()).unwrap();
    assert_eq!(checked.rows[0].values, [(1, Bind::Text("ada@example.com".to_owned()))]);
    assert_eq!(
        faults(&resource, Model::Update, "{}"),
        [r#"too_short ["body"] nothing to change: name at least one field"#]
    );
    assert_eq!(
        faults(&resource, Model::Update, r#"{"id":1}"#),
        [r#"read_only ["body","id"] is set by the database"#]
    );
    // The key comes from the path; naming it too is for the planner to compare.
    let text = r#"{"name":"A","email":"a@example.com","id":7,"note":null}"#;
    let checked = body(&resource, Model::Replace, &parse(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(checked.rows[0].values[0], (0, Bind::Text("7".to_owned())));
    assert_eq!(checked.rows[0].values[3], (3, Bind::Null));
    for model in [Model::Create, Model::Replace, Model::Update] {
        assert_eq!(faults(&resource, model, "5").len(), 1);
        assert!(
            faults(&resource, model, r#"{"score":null}"#)
                .contains(&r#"int_type ["body","score"] must not be null"#.to_owned())
        );
    }
}

#[test]
fn batches() {
    let resource = leads(Vec::new());
    let good = r#"{"email":"a@example.com","name":"A"}"#;
    let checked = body(
        &resource,
        Model::Create,
        &parse(format!("[{good},{good}]").as_bytes()).unwrap(),
    )
    .unwrap();
    assert!(checked.many && checked.rows.len() == 2);
    assert_eq!(
        faults(&resource, Model::Create, &format!("[{good},5,{{\"email\":\"x\"}}]")),
        [
            r#"model_type ["body",1] must be an object"#,
            r#"string_email ["body",2,"email"] not an e-mail address"#,
            r#"missing ["body",2,"name"] is required"#,
        ]
    );
    assert_eq!(
        faults(&resource, Model::Create, "[]"),
        [r#"too_short ["body"] must have at least 1 row"#]
    );
    assert_eq!(
        faults(&resource, Model::Create, "[1,2,3,4]"),
        [r#"too_long ["body"] must have at most 3 rows"#]
    );
    assert_eq!(
        faults(&resource, Model::Replace, "[]"),
        [r#"model_type ["body"] must be an object"#]
    );
}

#[test]
fn a_hundred_violations_are_told_and_the_rest_counted() {
    let entries: Vec<String> = (0..250)
        .map(|n| format!("\"x{n}\":\"{}\"", "v".repeat(n + 10)))
        .collect();
    let text = format!("{{{}}}", entries.join(","));
    let error = body(&leads(Vec::new()), Model::Update, &parse(text.as_bytes()).unwrap()).unwrap_err();
    assert_eq!(error.violations().len(), 100);
    assert!(error.details().unwrap().ends_with("; and 230 more"));
    let long = body(
        &leads(Vec::new()),
        Model::Update,
        &parse(format!("{{\"x\":\"{}\"}}", "v".repeat(300)).as_bytes()).unwrap(),
    );
    assert!(long.unwrap_err().violations()[0].input.is_none());
}

const ORDER: &str = "!has(self.closed_at) || self.closed_at >= self.opened_at";

#[test]
fn rules_are_decided_as_far_as_the_body_reaches() {
    let rest = r#""email":"a@example.com","name":"A""#;
    // What the rule gives on create, and on update, for a part of a body.
    for (expr, part, create, update) in [
        (ORDER, "", Ok(false), Ok(false)),
        (ORDER, r#""closed_at":null"#, Ok(false), Ok(false)),
        (ORDER, r#""opened_at":"2024-01-01T00:00:00Z""#, Ok(false), Ok(true)),
        (ORDER, r#""closed_at":"2024-01-01T00:00:00Z""#, Ok(true), Ok(true)),
        (
            ORDER,
            r#""opened_at":"2024-01-01T00:00:00Z","closed_at":"2024-01-01T01:00:00+01:00""#,
            Ok(false),
            Ok(false),
        ),
        (
            ORDER,
            r#""opened_at":"2024-01-01T00:00:00Z","closed_at":"2024-01-01T01:00:00+02:00""#,
            Err(()),
            Err(()),
        ),
        // Nothing named, and yet it can be judged: both would be null.
        ("has(self.note) || has(self.closed_at)", "", Err(()), Ok(false)),
        (
            "has(self.note) || has(self.closed_at)",
            r#""note":"x""#,
            Ok(false),
            Ok(false),
        ),
        (
            "has(self.note) || has(self.closed_at)",
            r#""note":null"#,
            Err(()),
            Ok(true),
        ),
        ("has(self.opened_at)", "", Ok(true), Ok(false)),
        ("self.score > 10 && self.name != 'A'", "", Err(()), Err(())),
        ("self.score > 10 && self.name == 'A'", "", Ok(true), Ok(true)),
        ("self['name'].size() == 1", "", Ok(false), Ok(false)),
        ("self.email.matches('@example[.]com$')", "", Ok(false), Ok(false)),
        // A rule that fails, or gives no boolean, is broken.
        ("self.note > 'a'", "", Err(()), Ok(false)),
        ("self.name", "", Err(()), Err(())),
    ] {
        let resource = leads(vec![rule(expr, Some("note"))]);
        let text = if part.is_empty() {
            format!("{{{rest}}}")
        } else {
            format!("{{{rest},{part}}}")
        };
        for (model, expected) in [
            (Model::Create, create),
            (Model::Update, update),
            (Model::Create, create),
        ] {
            let got = body(&resource, model, &parse(text.as_bytes()).unwrap());
            match (&got, expected) {
                (Ok(checked), Ok(deferred)) => {
                    assert_eq!(checked.rows[0].deferred, deferred, "{model:?} {expr} {text}")
                }
                (Err(error), Err(())) => {
                    assert_eq!(error.violations()[0].kind, "value_error");
                    assert_eq!(error.violations()[0].loc, [Step::from("body"), Step::from("note")]);
                    assert_eq!(error.violations()[0].msg, format!("breaks {expr}"));
                }
                _ => panic!("{model:?} {expr} {text}: {got:?}"),
            }
        }
    }
    // A field that is wrong by itself is not judged again by a rule.
    let resource = leads(vec![rule(ORDER, None)]);
    let text = r#"{"closed_at":"soon","opened_at":"2024-01-01T00:00:00Z"}"#;
    assert_eq!(faults(&resource, Model::Update, text).len(), 1);
}

#[test]
fn stored_rows_are_judged_whole() {
    let resource = leads(vec![rule(ORDER, Some("closed_at")), rule("self.score <= 100", None)]);
    let judge = |row: Value| {
        let found = stored_row(&resource, &row, &["body".into(), 2.into()]);
        found
            .iter()
            .map(|v| serde_json::to_string(&v.loc).unwrap())
            .collect::<Vec<_>>()
    };
    let row = |closed: Value, score: i64| json!({"opened_at": "2024-01-01T00:00:00+00:00", "closed_at": closed, "score": score});
    assert!(judge(row(Value::Null, 5)).is_empty());
    assert!(judge(row(json!("2024-01-02T00:00:00.5+00:00"), 5)).is_empty());
    assert!(judge(row(json!("infinity"), 5)).is_empty());
    assert_eq!(
        judge(row(json!("2023-01-02T00:00:00+00:00"), 500)),
        [r#"["body",2,"closed_at"]"#, r#"["body",2]"#]
    );
}

#[test]
fn kinds_in_rules() {
    let of = |kind: Kind| Kind::Array {
        item: Box::new(pg_type(kind)),
    };
    for (kind, json, expr) in [
        (
            Kind::Interval,
            r#""P1DT1H""#,
            "self.x > duration('24h') && self.x < duration('26h')",
        ),
        (Kind::Interval, r#""P1M""#, "self.x == duration('720h')"),
        (
            Kind::Date,
            r#""2024-05-01""#,
            "self.x < timestamp('2024-05-02T00:00:00Z') && self.x.getFullYear() == 2024",
        ),
        (
            Kind::Numeric {
                precision: None,
                scale: None,
            },
            "1.5",
            "self.x > 1 && self.x < 2",
        ),
        (Kind::Int8, "1e1", "self.x == 10 && self.x % 3 == 1"),
        (of(TEXT), r#"["a","b"]"#, "self.x.all(t, size(t) == 1) && 'a' in self.x"),
        (of(Kind::Int4), "[[1,2],[3,4]]", "self.x[1][0] == 3"),
        (
            Kind::Jsonb,
            r#"{"a":{"b":[1,2.5,null]}}"#,
            "self.x.a.b[0] == 1 && has(self.x.a) && !has(self.x.c)",
        ),
        (
            Kind::Vector { dimensions: None },
            "[1,2]",
            "self.x.size() == 2 && self.x[1] == 2.0",
        ),
        (Kind::Bytea, r#""aGk=""#, "size(self.x) == 2"),
        (Kind::Bool, "true", "self.x"),
        (
            Kind::Uuid,
            r#""0195e7a0-0000-7000-8000-00000000000a""#,
            "self.x.startsWith('0195')",
        ),
    ] {
        let resource = resource(vec![field("x", kind)], vec![rule(expr, None)]);
        assert_eq!(
            faults(&resource, Model::Create, &format!("{{\"x\":{json}}}")),
            [""; 0],
            "{expr}"
        );
    }
}

#[test]
fn rules_that_cannot_be() {
    let (_, fields) = compile_rule("self.b > 1 && has(self.a) && self['c'].exists(x, x == self.b)").unwrap();
    assert_eq!(fields, ["b", "a", "c"]);
    for (expr, part) in [
        ("self.a >", "line 1, column "),
        ("a > 1", "`a` is not known here; a field is written `self.a`"),
        ("size(self) > 1", "`self` stands for the row"),
        ("self[self.a] == 1", "`self` stands for the row"),
        ("1 == 1", "it reads no field"),
        ("frobnicate(self.a)", "there is no function `frobnicate`"),
        ("self.a.frobnicate()", "there is no function `frobnicate`"),
    ] {
        let reason = compile_rule(expr).unwrap_err();
        assert!(reason.starts_with(part), "{expr}: {reason}");
    }
    for good in [
        "self.a.getFullYear() > 1",
        "int(self.a) > 1",
        "type(self.a) == int",
        "self.a.map(x, x + 1).size() > 0",
    ] {
        assert!(compile_rule(good).is_ok(), "{good}");
    }
}

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
