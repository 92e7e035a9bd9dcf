//! Strings, formats, dates and times.

use super::*;

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
