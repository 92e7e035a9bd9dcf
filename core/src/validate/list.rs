//! Values that are lists: Postgres arrays.

use serde_json::json;

use super::report::{At, Report, counted};
use super::value::{self, Want};
use crate::catalog::{Kind, PgType};
use crate::request::json::Json;

/// Postgres's limit on the dimensions of an array.
const ARRAY_DEPTH: usize = 6;

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
