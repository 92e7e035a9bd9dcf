//! Values that are lists: Postgres arrays and pgvector's types.

use serde_json::json;

use super::number::float_fault;
use super::report::{At, Report, counted};
use super::value::{self, Want};
use crate::catalog::{Kind, PgType};
use crate::contract::Metric;
use crate::request::json::Json;

/// Postgres's limit on the dimensions of an array.
const ARRAY_DEPTH: usize = 6;

/// The largest number of a `halfvec`.
const HALF_MAX: f64 = 65_504.0;

/// pgvector's limit on the dimensions of a `vector` or `halfvec` column without declared ones.
const VECTOR_MOST: u32 = 16_000;

/// Checks an array and appends Postgres's array literal.
pub(super) fn array(
    want: Want<'_>,
    item: &PgType,
    items: &[Json<'_>],
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
    out: &mut String,
) -> bool {
    let before = report.count();
    let length = items.len();
    if let Some(least) = want.rules.min_items.filter(|least| (length as u64) < u64::from(*least)) {
        let msg = format!("must have at least {}", counted(u64::from(least), "item"));
        report.add(
            at,
            "too_short",
            msg,
            Some(input),
            Some(json!({"min_length": least, "actual_length": length})),
        );
    }
    if let Some(most) = want.rules.max_items.filter(|most| (length as u64) > u64::from(*most)) {
        let msg = format!("must have at most {}", counted(u64::from(most), "item"));
        report.add(
            at,
            "too_long",
            msg,
            Some(input),
            Some(json!({"max_length": most, "actual_length": length})),
        );
        // Its items are not looked at: a list that is far too long would only repeat itself.
        return false;
    }
    let want = want.item(item);
    let shape = if want.is_list() { Vec::new() } else { shape(items) };
    if shape.len() >= ARRAY_DEPTH {
        report.add(
            at,
            "list_type",
            format!("must have at most {ARRAY_DEPTH} dimensions"),
            Some(input),
            None,
        );
        return false;
    }
    literal(want, items, &shape, at, report, out);
    report.count() == before
}

/// Lengths of the inner dimensions, as the first item of each tells them.
fn shape(items: &[Json<'_>]) -> Vec<usize> {
    let mut shape = Vec::new();
    let mut first = items.first();
    while let Some(Json::Array(inner)) = first {
        shape.push(inner.len());
        first = inner.first();
    }
    shape
}

fn literal(want: Want<'_>, items: &[Json<'_>], shape: &[usize], at: &At<'_>, report: &mut Report, out: &mut String) {
    let mut scratch = String::new();
    let bare = want.kind.is_number() || matches!(want.kind, Kind::Bool | Kind::Uuid);
    out.push('{');
    for (index, json) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let at = at.index(index);
        match (json, shape.split_first()) {
            (Json::Array(inner), Some((length, rest))) if inner.len() == *length && *length > 0 => {
                literal(want, inner, rest, &at, report, out);
            }
            (_, Some(_)) => {
                let msg = "must be an array as long as its neighbours, and not empty: nested arrays form a grid";
                report.add(&at, "list_type", msg, Some(json), None);
            }
            (Json::Null, None) => out.push_str("NULL"),
            (json, None) if bare => {
                value::write(want, json, &at, report, out);
            }
            (json, None) => {
                scratch.clear();
                value::write(want, json, &at, report, &mut scratch);
                quote(&scratch, out);
            }
        }
    }
    out.push('}');
}

/// An element in double quotes, as an array literal wants it.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for piece in text.split_inclusive(['"', '\\']) {
        match piece.as_bytes().last() {
            Some(b'"' | b'\\') => {
                let (plain, special) = piece.split_at(piece.len() - 1);
                out.push_str(plain);
                out.push('\\');
                out.push_str(special);
            }
            _ => out.push_str(piece),
        }
    }
    out.push('"');
}

/// Checks a vector and appends pgvector's text form.
pub(super) fn vector(
    want: Want<'_>,
    items: &[Json<'_>],
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
    out: &mut String,
) -> bool {
    let before = report.count();
    let (declared, half) = match want.kind {
        Kind::HalfVec { dimensions } => (*dimensions, true),
        Kind::Vector { dimensions } => (*dimensions, false),
        _ => (None, false),
    };
    dimensions(
        want.rules.dimensions.or(declared),
        items.len() as u64,
        input,
        at,
        report,
    );
    if report.count() > before {
        return false;
    }
    let mut zero = true;
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let Json::Number(text) = item else {
            report.add(&at.index(index), "float_type", "must be a number", Some(item), None);
            continue;
        };
        let value: f32 = text.parse().unwrap_or(f32::INFINITY);
        if half && f64::from(value).abs() > HALF_MAX {
            report.add(
                &at.index(index),
                "finite_number",
                "must be within ±65504, the range of a 16-bit float",
                Some(item),
                None,
            );
        } else if !value.is_finite() {
            report.add(
                &at.index(index),
                "finite_number",
                "must be within the range of a 32-bit float",
                Some(item),
                None,
            );
        }
        // Below half of its least step, a 16-bit float is zero.
        zero &= if half {
            value.abs() <= 2.0_f32.powi(-25)
        } else {
            value == 0.0
        };
        out.push_str(text);
    }
    out.push(']');
    if zero && want.rules.metric == Some(Metric::Cosine) && report.count() == before {
        let msg = "must not be all zeros: it has no direction to compare by cosine";
        report.add(at, "vector_zero_norm", msg, Some(input), None);
    }
    report.count() == before
}

fn dimensions(wanted: Option<u32>, given: u64, input: &Json<'_>, at: &At<'_>, report: &mut Report) {
    let good = wanted.map_or((1..=u64::from(VECTOR_MOST)).contains(&given), |wanted| {
        given == u64::from(wanted)
    });
    if !good {
        let msg = match wanted {
            Some(wanted) => format!("must have {}, not {given}", counted(u64::from(wanted), "dimension")),
            None => format!("must have between 1 and {VECTOR_MOST} dimensions"),
        };
        report.add(
            at,
            "vector_dimensions",
            msg,
            Some(input),
            Some(json!({"dimensions": wanted, "actual": given})),
        );
    }
}

/// Checks pgvector's sparse text form, `{1:0.5,7:2}/10`.
pub(super) fn sparse(
    text: &str,
    wanted: Option<u32>,
    input: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
    out: &mut String,
) -> bool {
    let before = report.count();
    match read_sparse(text) {
        Some(given) if wanted.is_none_or(|wanted| wanted == given) => out.push_str(text),
        Some(given) => dimensions(wanted, u64::from(given), input, at, report),
        None => report.add(
            at,
            "sparse_vector_parsing",
            "not a sparse vector such as {1:0.5,7:2}/10",
            Some(input),
            None,
        ),
    }
    report.count() == before
}

/// The dimensions of a well-formed sparse vector: indices from 1, each once, and finite numbers.
pub(super) fn read_sparse(text: &str) -> Option<u32> {
    let (entries, dimensions) = text.strip_prefix('{')?.split_once("}/")?;
    let dimensions: u32 = dimensions.parse().ok().filter(|n| (1..=1_000_000_000).contains(n))?;
    let mut indices = Vec::new();
    if !entries.is_empty() {
        for entry in entries.split(',') {
            let (index, number) = entry.split_once(':')?;
            let index: u32 = index
                .trim()
                .parse()
                .ok()
                .filter(|index| (1..=dimensions).contains(index))?;
            let number = number.trim();
            crate::contract::Decimal::parse(number)?;
            if float_fault(&Kind::Float4, number).is_some() {
                return None;
            }
            indices.push(index);
        }
    }
    let count = indices.len();
    indices.sort_unstable();
    indices.dedup();
    (indices.len() == count && count <= 16_000).then_some(dimensions)
}
