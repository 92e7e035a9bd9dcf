//! Values of pgvector's types: `vector` and `halfvec` as arrays of numbers, `sparsevec` as an object or as pgvector's text.

use serde_json::json;

use super::report::{At, Report, counted};
use super::value::Want;
use crate::catalog::Kind;
use crate::contract::{Decimal, Metric};
use crate::request::json::Json;

/// The largest number of a `halfvec`.
const HALF_MAX: f32 = 65_504.0;
/// pgvector's limit on the dimensions of a `vector` or `halfvec` column without declared ones.
const MOST: u32 = 16_000;
/// pgvector's limit on the dimensions of a `sparsevec`.
const SPARSE_MOST: u32 = 1_000_000_000;
/// pgvector's limit on the numbers of a `sparsevec` that are not zero.
const SPARSE_FILLED: usize = 16_000;
/// The members of a `sparsevec` in JSON.
const MEMBERS: [&str; 3] = ["dimensions", "indices", "values"];

/// Checks a value of one of pgvector's types and appends its text form.
pub(super) fn write(want: Want<'_>, json: &Json<'_>, at: &At<'_>, report: &mut Report, out: &mut String) -> bool {
    let before = report.count();
    match (want.kind, json) {
        (Kind::Vector { dimensions }, Json::Array(items)) => {
            dense(want, *dimensions, f32::MAX, items, json, at, report, out);
        }
        (Kind::HalfVec { dimensions }, Json::Array(items)) => {
            dense(want, *dimensions, HALF_MAX, items, json, at, report, out);
        }
        (Kind::SparseVec { dimensions }, Json::String(text)) => {
            sparse_text(want, *dimensions, text, json, at, report, out);
        }
        (Kind::SparseVec { dimensions }, Json::Object(entries)) => {
            sparse(want, *dimensions, entries, json, at, report, out);
        }
        (kind, json) => {
            let (name, msg) = super::value::type_error(kind);
            report.add(at, name, msg, Some(json), None);
        }
    }
    report.count() == before
}

/// The sum of the squares of a vector's numbers, as pgvector adds them up: 0 has no direction, and with infinity no distance
/// can be told.
pub(super) fn squares(json: &Json<'_>) -> f32 {
    let items: &[Json<'_>] = match json {
        Json::Array(items) => items,
        Json::Object(entries) => entries
            .iter()
            .find(|(name, _)| name == "values")
            .map_or(&[], |(_, values)| {
                if let Json::Array(items) = values {
                    items.as_slice()
                } else {
                    &[]
                }
            }),
        Json::String(text) => {
            let numbers = read_sparse(text).map(|(entries, _)| entries).unwrap_or_default();
            return numbers.iter().map(|(_, number)| single(number)).map(|n| n * n).sum();
        }
        _ => &[],
    };
    let numbers = items.iter().map(|item| match item {
        Json::Number(text) => single(text),
        _ => 0.0,
    });
    numbers.map(|number| number * number).sum()
}

/// A number as 32 bits hold it; infinite beyond their range.
fn single(text: &str) -> f32 {
    text.parse().unwrap_or(f32::INFINITY)
}

#[expect(
    clippy::too_many_arguments,
    reason = "what `write` takes, with the type's own limits"
)]
fn dense(
    want: Want<'_>,
    declared: Option<u32>,
    largest: f32,
    items: &[Json<'_>],
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
    out: &mut String,
) {
    let before = report.count();
    let wanted = want.rules.dimensions.or(declared);
    dimensions(wanted, MOST, items.len() as u64, input, at, report);
    if report.count() > before {
        return;
    }
    let mut zero = true;
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if let Some((text, value)) = number(item, largest, &at.index(index), report) {
            // Below half of its least step, a 16-bit float is zero.
            zero &= value == 0.0 || (largest <= HALF_MAX && value.abs() <= 2.0_f32.powi(-25));
            out.push_str(text);
        }
    }
    out.push(']');
    if report.count() == before {
        direction(want, zero, input, at, report);
    }
}

/// A number of a vector, as it was written and as it is stored.
fn number<'j>(item: &'j Json<'_>, largest: f32, at: &At<'_>, report: &mut Report) -> Option<(&'j str, f32)> {
    let Json::Number(text) = item else {
        report.add(at, "float_type", "must be a number", Some(item), None);
        return None;
    };
    let value = single(text);
    if value.abs() <= largest {
        return Some((text, value));
    }
    let msg = if largest <= HALF_MAX {
        "must be within ±65504, the range of a 16-bit float"
    } else {
        "must be within the range of a 32-bit float"
    };
    report.add(at, "finite_number", msg, Some(item), None);
    None
}

fn direction(want: Want<'_>, zero: bool, input: &Json<'_>, at: &At<'_>, report: &mut Report) {
    if zero && want.rules.metric == Some(Metric::Cosine) {
        let msg = "must not be all zeros: it has no direction to compare by cosine";
        report.add(at, "vector_zero_norm", msg, Some(input), None);
    }
}

fn dimensions(wanted: Option<u32>, most: u32, given: u64, input: &Json<'_>, at: &At<'_>, report: &mut Report) {
    let good = wanted.map_or((1..=u64::from(most)).contains(&given), |wanted| {
        given == u64::from(wanted)
    });
    if !good {
        let msg = match wanted {
            Some(wanted) => format!("must have {}, not {given}", counted(u64::from(wanted), "dimension")),
            None => format!("must have between 1 and {most} dimensions"),
        };
        let ctx = json!({"dimensions": wanted, "actual": given});
        report.add(at, "vector_dimensions", msg, Some(input), Some(ctx));
    }
}

/// Checks pgvector's sparse text form, `{1:0.5,7:2}/10`.
fn sparse_text(
    want: Want<'_>,
    declared: Option<u32>,
    text: &str,
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
    out: &mut String,
) {
    let Some((entries, given)) = read_sparse(text) else {
        let msg = "not a sparse vector such as {1:0.5,7:2}/10";
        report.add(at, "sparse_vector_parsing", msg, Some(input), None);
        return;
    };
    let before = report.count();
    let wanted = want.rules.dimensions.or(declared);
    dimensions(wanted, SPARSE_MOST, given.into(), input, at, report);
    if report.count() == before {
        let zero = entries.iter().all(|(_, number)| single(number) == 0.0);
        direction(want, zero, input, at, report);
        out.push_str(text.trim());
    }
}

/// The entries and dimensions of a well-formed sparse vector: indices from 1, each once, and finite numbers.
pub(super) fn read_sparse(text: &str) -> Option<(Vec<(u32, &str)>, u32)> {
    let (inner, dimensions) = text.trim().strip_prefix('{')?.split_once("}/")?;
    let dimensions: u32 = dimensions.parse().ok().filter(|n| (1..=SPARSE_MOST).contains(n))?;
    let mut entries = Vec::new();
    for entry in inner.split(',').filter(|_| !inner.is_empty()) {
        let (index, number) = entry.split_once(':')?;
        let index: u32 = index
            .trim()
            .parse()
            .ok()
            .filter(|index| (1..=dimensions).contains(index))?;
        let number = number.trim();
        Decimal::parse(number)?;
        single(number).is_finite().then(|| entries.push((index, number)))?;
    }
    let mut indices: Vec<u32> = entries.iter().map(|(index, _)| *index).collect();
    indices.sort_unstable();
    indices.dedup();
    (indices.len() == entries.len() && entries.len() <= SPARSE_FILLED).then_some((entries, dimensions))
}

/// Checks `{"dimensions": 10, "indices": [1, 7], "values": [0.5, 2]}`; indices count from 1, as in SQL.
fn sparse(
    want: Want<'_>,
    declared: Option<u32>,
    entries: &[(std::borrow::Cow<'_, str>, Json<'_>)],
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
    out: &mut String,
) {
    let before = report.count();
    let member = |name: &str| entries.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    for name in MEMBERS.iter().filter(|name| member(name).is_none()) {
        report.add(&at.name(name), "missing", "is required", None, None);
    }
    for (name, value) in entries.iter().filter(|(name, _)| !MEMBERS.contains(&name.as_ref())) {
        let msg = "is not a member of a sparse vector";
        let name = super::report::clip(name);
        report.add(&at.name(&name), "extra_forbidden", msg, Some(value), None);
    }
    let size = member("dimensions").and_then(|json| {
        let at = at.name("dimensions");
        let size = whole(json, &at, report)?;
        dimensions(want.rules.dimensions.or(declared), SPARSE_MOST, size, json, &at, report);
        Some(size)
    });
    let mut list = |name: &str| {
        let json = member(name)?;
        let at = at.name(name);
        match json {
            Json::Array(items) if items.len() <= SPARSE_FILLED => return Some(items),
            Json::Array(items) => {
                let msg = format!("must have at most {SPARSE_FILLED} items");
                let ctx = json!({"max_length": SPARSE_FILLED, "actual_length": items.len()});
                report.add(&at, "too_long", msg, None, Some(ctx));
            }
            other => report.add(&at, "list_type", "must be an array of numbers", Some(other), None),
        }
        None
    };
    let (indices, values) = (list("indices"), list("values"));
    let (Some(size), Some(indices), Some(values)) = (size, indices, values) else {
        return;
    };
    if indices.len() != values.len() {
        let msg = format!(
            "must be as many as the indices, {}, not {}",
            indices.len(),
            values.len()
        );
        report.add(&at.name("values"), "value_error", msg, None, None);
    }
    // Nothing is reckoned with before it is known to be right.
    let places = places(indices, size, &at.name("indices"), report);
    let mut numbers = Vec::with_capacity(values.len());
    let of = at.name("values");
    for (index, item) in values.iter().enumerate() {
        numbers.extend(number(item, f32::MAX, &of.index(index), report));
    }
    if report.count() > before {
        return;
    }
    direction(want, numbers.iter().all(|(_, value)| *value == 0.0), input, at, report);
    out.push('{');
    for (position, (place, (text, _))) in places.iter().zip(&numbers).enumerate() {
        out.push_str(if position == 0 { "" } else { "," });
        out.push_str(&format!("{place}:{text}"));
    }
    out.push_str(&format!("}}/{size}"));
}

/// The indices of a sparse vector, each from 1 to `size` and there once.
fn places(indices: &[Json<'_>], size: u64, at: &At<'_>, report: &mut Report) -> Vec<u64> {
    let mut places = Vec::with_capacity(indices.len());
    let mut seen = std::collections::HashSet::with_capacity(indices.len());
    for (index, item) in indices.iter().enumerate() {
        let at = at.index(index);
        let Some(place) = whole(item, &at, report) else {
            continue;
        };
        if place < 1 {
            let msg = "must be at least 1: indices count from 1";
            report.add(&at, "greater_than_equal", msg, Some(item), Some(json!({"ge": 1})));
        } else if place > size {
            let msg = format!("must be at most {size}, the dimensions");
            report.add(&at, "less_than_equal", msg, Some(item), Some(json!({"le": size})));
        } else if !seen.insert(place) {
            report.add(&at, "value_error", "is there twice", Some(item), None);
        }
        places.push(place);
    }
    places
}

/// A whole number that is not negative.
fn whole(json: &Json<'_>, at: &At<'_>, report: &mut Report) -> Option<u64> {
    let value = match json {
        Json::Number(text) => Decimal::parse(text).and_then(|number| number.to_i64()),
        _ => None,
    };
    match value.map(u64::try_from) {
        Some(Ok(value)) => return Some(value),
        Some(Err(_)) => report.add(
            at,
            "greater_than_equal",
            "must not be negative",
            Some(json),
            Some(json!({"ge": 0})),
        ),
        None => report.add(at, "int_type", "must be an integer", Some(json), None),
    }
    None
}
