//! Values that are JSON strings: text with its rules, UUIDs, dates, intervals, bytes.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::json;

use super::formats;
use super::normalize::normalize;
use super::report::{At, Report, alternatives, counted};
use super::search;
use super::temporal::{self, Fault, Zone};
use super::value::Want;
use crate::catalog::Kind;
use crate::request::json::Json;
use crate::suggest::nearest;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

/// Bytes from base64, standard or URL-safe, padded or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let engine = if text.contains(['-', '_']) {
        &URL_SAFE
    } else {
        &STANDARD
    };
    engine.decode(text).ok()
}

/// Appends Postgres's hexadecimal form of `bytea`.
fn write_hex(bytes: &[u8], out: &mut String) {
    out.reserve(2 + bytes.len() * 2);
    out.push_str("\\x");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }));
        }
    }
}

/// A value that cannot be read as its kind: Pydantic's type string and the phrase.
pub(super) type ReadFault = (&'static str, Cow<'static, str>);

/// Reads a string as its kind and appends what Postgres reads. Types only: no rule of the contract is asked.
pub(super) fn read(kind: &Kind, text: &str, out: &mut String) -> Result<(), ReadFault> {
    let plain = |(kind, msg): (&'static str, &'static str)| (kind, Cow::Borrowed(msg));
    match kind {
        Kind::Uuid if formats::is_uuid(text) => out.extend(text.chars().map(|c| c.to_ascii_lowercase())),
        Kind::Uuid => return Err(plain(("uuid_parsing", "not a UUID"))),
        Kind::Date if temporal::date(text).is_some() => out.push_str(text),
        Kind::Date => return Err(plain(("date_parsing", formats::DATE))),
        Kind::Time | Kind::TimeTz => {
            let zone = if *kind == Kind::Time {
                Zone::Refused
            } else {
                Zone::Needed
            };
            temporal::time(text, zone, false, out).map_err(|fault| match fault {
                Fault::Unreadable => plain(("time_parsing", formats::TIME)),
                other => plain(formats::moment_fault(other)),
            })?;
        }
        Kind::Timestamp => temporal::timestamp(text, Zone::Refused, false, out).map_err(|fault| match fault {
            Fault::Unreadable => plain(("datetime_parsing", "not a date with a time such as 2026-01-31T13:45:00")),
            other => plain(formats::moment_fault(other)),
        })?,
        Kind::TimestampTz => {
            temporal::timestamp(text, Zone::Needed, false, out).map_err(|fault| plain(formats::moment_fault(fault)))?
        }
        Kind::Interval => match temporal::duration(text) {
            Some(duration) => out.push_str(&duration.text),
            None => return Err(plain(("time_delta_parsing", formats::DURATION))),
        },
        Kind::Bytea => match base64(text) {
            Some(bytes) => write_hex(&bytes, out),
            None => return Err(plain(("base64_decode", "not base64"))),
        },
        Kind::Enum { labels } => {
            if !labels.iter().any(|label| label == text) {
                return Err(("enum", one_of(labels, text).into()));
            }
            out.push_str(text);
        }
        Kind::TsVector => match search::vector(text) {
            Some(words) => out.push_str(&words),
            None => return Err(plain(("value_error", search::VECTOR))),
        },
        Kind::TsQuery => match search::query(text) {
            Some(words) => out.push_str(&words),
            None => return Err(plain(("value_error", search::QUERY))),
        },
        Kind::Object if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.parse::<u32>().is_err() => {
            return Err(plain((
                "value_error",
                "must be the number of an object of the database",
            )));
        }
        _ => out.push_str(text),
    }
    Ok(())
}

/// `must be one of 'new', 'open' or 'won'; did you mean 'open'?`
fn one_of(words: &[String], given: &str) -> String {
    let mut msg = if words.len() == 1 {
        "must be ".to_owned()
    } else {
        "must be one of ".to_owned()
    };
    msg.push_str(&alternatives(words));
    if let Some(meant) = nearest(given, words.iter().map(String::as_str)) {
        msg.push_str("; did you mean '");
        msg.push_str(meant);
        msg.push_str("'?");
    }
    msg
}

/// Checks a string against its column's kind and the rules; appends what Postgres reads.
pub(super) fn string(
    want: Want<'_>,
    text: &str,
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
    out: &mut String,
) -> bool {
    let before = report.count();
    let text = normalize(text, &want.rules.normalize);
    match want.kind {
        Kind::Text { max_length } => {
            let most = [*max_length, want.rules.max_length].into_iter().flatten().min();
            rules(want, &text, most, input, at, report);
            out.push_str(&text);
        }
        Kind::Range | Kind::Other => {
            rules(want, &text, want.rules.max_length, input, at, report);
            out.push_str(&text);
        }
        Kind::Enum { labels } => {
            let allowed = want.rules.one_of.as_ref().unwrap_or(labels);
            if !allowed.iter().any(|label| *label == *text) {
                let ctx = json!({"expected": alternatives(allowed)});
                let msg = if report.is_full() {
                    String::new()
                } else {
                    one_of(allowed, &text)
                };
                report.add(at, "enum", msg, Some(input), Some(ctx));
            }
            out.push_str(&text);
        }
        kind => {
            if matches!(kind, Kind::TsVector | Kind::TsQuery | Kind::Object) {
                rules(want, &text, want.rules.max_length, input, at, report);
            }
            if let Err((kind, msg)) = read(kind, &text, out) {
                report.add(at, kind, msg, Some(input), None);
            }
        }
    }
    report.count() == before
}

fn rules(want: Want<'_>, text: &str, most: Option<u32>, input: &Json<'_>, at: &At<'_>, report: &mut Report) {
    let rules = want.rules;
    if most.is_some() || rules.min_length.is_some() {
        let length = text.chars().count();
        let over = |limit: &u32| usize::try_from(*limit).is_ok_and(|limit| length > limit);
        let under = |limit: &u32| usize::try_from(*limit).map_or(true, |limit| length < limit);
        if let Some(least) = rules.min_length.filter(under) {
            let msg = format!("must have at least {}", counted(u64::from(least), "character"));
            report.add(
                at,
                "string_too_short",
                msg,
                Some(input),
                Some(json!({"min_length": least})),
            );
        }
        if let Some(most) = most.filter(over) {
            let msg = format!("must have at most {}", counted(u64::from(most), "character"));
            report.add(
                at,
                "string_too_long",
                msg,
                Some(input),
                Some(json!({"max_length": most})),
            );
        }
    }
    for pattern in &rules.patterns {
        if !pattern.is_match(text) {
            let msg = format!("must match the pattern {}", pattern.as_str());
            let ctx = json!({"pattern": pattern.as_str()});
            report.add(at, "string_pattern_mismatch", msg, Some(input), Some(ctx));
        }
    }
    if let Some(words) = &rules.one_of
        && !words.iter().any(|word| word == text)
    {
        let ctx = json!({"expected": alternatives(words)});
        let msg = if report.is_full() {
            String::new()
        } else {
            one_of(words, text)
        };
        report.add(at, "literal_error", msg, Some(input), Some(ctx));
    }
    if let Some((kind, msg)) = rules.format.and_then(|format| formats::fault(format, text)) {
        report.add(at, kind, msg, Some(input), None);
    }
}
