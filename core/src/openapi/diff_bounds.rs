//! Bounds of two JSON Schemas: numbers, lengths, counts.

use serde_json::Value;

use super::diff::Report;

/// Keywords with one number: whether it is an upper bound, and the phrase.
const SIMPLE: &[(&str, bool, &str)] = &[
    ("maxLength", true, "may have at most {} characters"),
    ("maxItems", true, "may have at most {} items"),
    ("maxProperties", true, "may have at most {} properties"),
    ("x-most-rows", true, "gives at most {} rows"),
    ("x-most-streamed-rows", true, "streams at most {} rows"),
    ("minLength", false, "must have at least {} characters"),
    ("minItems", false, "must have at least {} items"),
    ("minProperties", false, "must have at least {} properties"),
];

/// A bound, and whether it is itself left out.
type Limit = Option<(f64, bool)>;

/// Reports changed bounds. They matter to who sends; who reads copes with another number.
pub(super) fn bounds(old: &Value, new: &Value, request: bool, at: &str, report: &mut Report) {
    let number = |schema: &Value, key: &str| schema.get(key).and_then(Value::as_f64);
    for (key, upper, phrase) in SIMPLE {
        let limit = |schema: &Value| number(schema, key).map(|value| (value, false));
        let (before, after) = (limit(old), limit(new));
        told(
            before,
            after,
            request && is_tighter(before, after, *upper),
            phrase,
            at,
            report,
        );
    }
    for (closed, open, upper, including, excluding) in [
        (
            "minimum",
            "exclusiveMinimum",
            false,
            "must be at least {}",
            "must be greater than {}",
        ),
        (
            "maximum",
            "exclusiveMaximum",
            true,
            "must be at most {}",
            "must be less than {}",
        ),
    ] {
        let limit = |schema: &Value| limit(number(schema, closed), number(schema, open), upper);
        let (before, after) = (limit(old), limit(new));
        let phrase = if after.is_some_and(|(_, left_out)| left_out) {
            excluding
        } else {
            including
        };
        told(
            before,
            after,
            request && is_tighter(before, after, upper),
            phrase,
            at,
            report,
        );
    }
    let step = |schema: &Value| number(schema, "multipleOf").map(|value| (value, false));
    let (before, after) = (step(old), step(new));
    let tighter = match (before, after) {
        (Some((before, _)), Some((after, _))) => (before / after).fract() != 0.0,
        (None, Some(_)) => true,
        _ => false,
    };
    told(
        before,
        after,
        request && tighter,
        "must be a multiple of {}",
        at,
        report,
    );
}

fn told(before: Limit, after: Limit, breaking: bool, phrase: &str, at: &str, report: &mut Report) {
    if before == after {
        return;
    }
    let was = before.map_or_else(
        || "unbounded".to_owned(),
        |(value, left_out)| {
            if left_out {
                format!("{value}, left out")
            } else {
                value.to_string()
            }
        },
    );
    let is = after.map_or_else(
        || "is unbounded".to_owned(),
        |(value, _)| phrase.replace("{}", &value.to_string()),
    );
    report.add(breaking, at, format!("{is}, was {was}"));
}

/// The tighter of a closed and an open bound.
fn limit(closed: Option<f64>, open: Option<f64>, upper: bool) -> Limit {
    match (closed, open) {
        (Some(closed), Some(open)) if (upper && closed < open) || (!upper && closed > open) => Some((closed, false)),
        (_, Some(open)) => Some((open, true)),
        (Some(closed), None) => Some((closed, false)),
        (None, None) => None,
    }
}

fn is_tighter(before: Limit, after: Limit, upper: bool) -> bool {
    match (before, after) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some((before, _)), Some((after, _))) if before != after => (after < before) == upper,
        (Some((_, before)), Some((_, after))) => after && !before,
    }
}
