//! Numbers: exact, in the range of their column, within the contract's bounds.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::report::{At, Report, counted};
use super::value::Want;
use crate::catalog::Kind;
use crate::contract::{Decimal, FieldRules};
use crate::request::json::Json;

/// Digits that Postgres's `numeric` holds before and after the point.
const NUMERIC_WHOLE: u32 = 131_072;
const NUMERIC_FRACTION: u32 = 16_383;

/// A number, with a fast form for the usual ones.
enum Number {
    Small(i64),
    Exact(Decimal),
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        // 18 digits always fit, and `-0` is left to the exact form.
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.len() <= 18 && digits != "0" && digits.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().ok().map(Self::Small);
        }
        Decimal::parse(text).map(Self::Exact)
    }

    fn compare(&self, bound: &Decimal) -> Ordering {
        match (self, bound.to_i64()) {
            (Self::Small(value), Some(bound)) => value.cmp(&bound),
            (Self::Small(value), None) => Decimal::from(*value).cmp(bound),
            (Self::Exact(value), _) => value.cmp(bound),
        }
    }

    fn is_multiple_of(&self, step: &Decimal) -> bool {
        match (self, step.to_i64()) {
            (Self::Small(value), Some(step)) => step != 0 && value.checked_rem(step) == Some(0),
            (Self::Small(value), None) => Decimal::from(*value).is_multiple_of(step),
            (Self::Exact(value), _) => value.is_multiple_of(step),
        }
    }
}

/// Checks the text of a number against the column's kind and the rules; appends what Postgres reads.
pub(super) fn number(
    want: Want<'_>,
    text: &str,
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
    out: &mut String,
) -> bool {
    let Some(number) = Number::parse(text) else {
        let (kind, msg) = if want.kind.is_integer() {
            ("int_parsing", "must be an integer")
        } else {
            ("decimal_parsing", "must be a number")
        };
        report.add(at, kind, msg, Some(input), None);
        return false;
    };
    let before = report.count();
    if want.kind.is_integer() && matches!(&number, Number::Exact(value) if !value.is_integer()) {
        report.add(at, "int_from_float", "must be a whole number", Some(input), None);
        return false;
    }
    bounds(&number, want.rules, input, at, report);
    // The contract's bounds are told first; the column's own are only news beside them.
    if report.count() == before {
        match (want.kind, &number) {
            (Kind::Int2, _) => integer(
                &number,
                i64::from(i16::MIN),
                i64::from(i16::MAX),
                input,
                at,
                report,
                out,
            ),
            (Kind::Int4, _) => integer(
                &number,
                i64::from(i32::MIN),
                i64::from(i32::MAX),
                input,
                at,
                report,
                out,
            ),
            (Kind::Int8, _) => integer(&number, i64::MIN, i64::MAX, input, at, report, out),
            (Kind::Numeric { precision, scale }, _) => {
                numeric(&number, *precision, *scale, input, at, report);
                out.push_str(text);
            }
            _ => {
                float(want.kind, text, input, at, report);
                out.push_str(text);
            }
        }
    }
    report.count() == before
}

fn integer(
    number: &Number,
    least: i64,
    most: i64,
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
    out: &mut String,
) {
    let value = match number {
        Number::Small(value) => Some(*value),
        Number::Exact(value) => value.to_i64(),
    };
    match value {
        Some(value) if (least..=most).contains(&value) => out.push_str(itoa::Buffer::new().format(value)),
        _ if number.compare(&Decimal::from(0)) == Ordering::Less => {
            report.add(
                at,
                "greater_than_equal",
                format!("must be at least {least}"),
                Some(input),
                Some(json!({"ge": least})),
            );
        }
        _ => report.add(
            at,
            "less_than_equal",
            format!("must be at most {most}"),
            Some(input),
            Some(json!({"le": most})),
        ),
    }
}

fn numeric(
    number: &Number,
    precision: Option<u32>,
    scale: Option<i32>,
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
) {
    let (whole, fraction) = match number {
        Number::Small(0) => (0, 0),
        Number::Small(value) => (value.unsigned_abs().ilog10() + 1, 0),
        Number::Exact(value) => (value.integer_digits(), value.fraction_digits()),
    };
    let places = precision.map_or(NUMERIC_FRACTION, |_| u32::try_from(scale.unwrap_or(0)).unwrap_or(0));
    if fraction > places {
        let msg = if places == 0 {
            "must be a whole number".to_owned()
        } else {
            format!("must have at most {}", counted(u64::from(places), "decimal place"))
        };
        report.add(
            at,
            "decimal_max_places",
            msg,
            Some(input),
            Some(json!({"decimal_places": places})),
        );
    }
    match precision {
        None if whole > NUMERIC_WHOLE => {
            let msg = format!("must have at most {NUMERIC_WHOLE} digits before the decimal point");
            report.add(
                at,
                "decimal_whole_digits",
                msg,
                Some(input),
                Some(json!({"whole_digits": NUMERIC_WHOLE})),
            );
        }
        None => {}
        Some(precision) => {
            let most = i64::from(precision) - i64::from(scale.unwrap_or(0));
            if whole + fraction.min(places) > precision {
                let msg = format!("must have at most {}", counted(u64::from(precision), "digit"));
                report.add(
                    at,
                    "decimal_max_digits",
                    msg,
                    Some(input),
                    Some(json!({"max_digits": precision})),
                );
            } else if i64::from(whole) > most.max(0) {
                let noun = if most == 1 { "digit" } else { "digits" };
                let msg = format!("must have at most {} {noun} before the decimal point", most.max(0));
                report.add(
                    at,
                    "decimal_whole_digits",
                    msg,
                    Some(input),
                    Some(json!({"whole_digits": most.max(0)})),
                );
            }
        }
    }
}

/// Why Postgres would refuse this text as a float of the kind, if it would.
pub(super) fn float_fault(kind: &Kind, text: &str) -> Option<&'static str> {
    let nothing = text
        .split(['e', 'E'])
        .next()
        .unwrap_or("")
        .bytes()
        .all(|b| matches!(b, b'-' | b'0' | b'.'));
    match kind {
        Kind::Float4 => {
            let value: f32 = text.parse().unwrap_or(f32::INFINITY);
            (!value.is_finite() || (value == 0.0 && !nothing)).then_some("must be within the range of a 32-bit float")
        }
        _ => {
            let value: f64 = text.parse().unwrap_or(f64::INFINITY);
            (!value.is_finite() || (value == 0.0 && !nothing)).then_some("must be within the range of a 64-bit float")
        }
    }
}

fn float(kind: &Kind, text: &str, input: &Json<'_>, at: &At<'_>, report: &mut Report) {
    if let Some(msg) = float_fault(kind, text) {
        report.add(at, "finite_number", msg, Some(input), None);
    }
}

fn bounds(number: &Number, rules: &FieldRules, input: &Json<'_>, at: &At<'_>, report: &mut Report) {
    let mut tell = |kind: &'static str, phrase: &str, key: &str, bound: &Decimal| {
        report.add(
            at,
            kind,
            format!("must be {phrase} {bound}"),
            Some(input),
            Some(json!({key: bound_value(bound)})),
        );
    };
    if let Some(bound) = &rules.ge
        && number.compare(bound) == Ordering::Less
    {
        tell("greater_than_equal", "at least", "ge", bound);
    }
    if let Some(bound) = &rules.gt
        && number.compare(bound) != Ordering::Greater
    {
        tell("greater_than", "greater than", "gt", bound);
    }
    if let Some(bound) = &rules.le
        && number.compare(bound) == Ordering::Greater
    {
        tell("less_than_equal", "at most", "le", bound);
    }
    if let Some(bound) = &rules.lt
        && number.compare(bound) != Ordering::Less
    {
        tell("less_than", "less than", "lt", bound);
    }
    if let Some(step) = &rules.multiple_of
        && !number.is_multiple_of(step)
    {
        tell("multiple_of", "a multiple of", "multiple_of", step);
    }
}

/// A bound as JSON; beyond 64 bits as a double.
fn bound_value(bound: &Decimal) -> Value {
    bound.to_i64().map_or_else(|| bound.to_f64().into(), Value::from)
}
