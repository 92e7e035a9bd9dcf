//! Bodies against a resource: which fields may and must be there, each value, then the rules across them.

use super::report::{At, Report, clip, counted};
use super::rules::{self, Cell, Verdict};
use super::value::{self, Want};
use super::{Bind, Checked, Model, Row};
use crate::contract::{Field, Resource, Rule};
use crate::error::Result;
use crate::request::json::Json;
use crate::suggest::nearest;

/// What the body says of one field.
#[derive(Clone, Copy)]
enum Slot<'b, 'a> {
    Absent,
    Given(&'b Json<'a>),
    /// It breaks a rule of its own, so that rules across fields need not be asked.
    Bad,
}

/// Checks a body. An array of rows is taken for [`Model::Create`] alone.
///
/// # Errors
///
/// [`Code::ValidationFailed`](crate::error::Code::ValidationFailed) with every violation (the first
/// hundred in full); each `loc` starts `["body", field]`, in an array `["body", row, field]`.
pub fn body(resource: &Resource, model: Model, body: &Json<'_>) -> Result<Checked> {
    let mut report = Report::default();
    let checked = within("body", resource, model, body, &mut report);
    report.into_error().map_or(Ok(checked), Err)
}

/// Checks a body, or what has its form; what is wrong is told of `place`.
pub(super) fn within(place: &str, resource: &Resource, model: Model, body: &Json<'_>, report: &mut Report) -> Checked {
    let root = At::root(place);
    let mut rows = Vec::new();
    let many = matches!((body, model), (Json::Array(_), Model::Create));
    match body {
        Json::Object(entries) => rows.push(row(resource, model, entries, &root, report)),
        Json::Array(items) if many => {
            let length = items.len();
            if length == 0 {
                report.add(
                    &root,
                    "too_short",
                    "must have at least 1 row",
                    Some(body),
                    Some(serde_json::json!({"min_length": 1, "actual_length": 0})),
                );
            } else if u32::try_from(length).map_or(true, |length| length > resource.max_batch) {
                let msg = format!("must have at most {}", counted(u64::from(resource.max_batch), "row"));
                let ctx = serde_json::json!({"max_length": resource.max_batch, "actual_length": length});
                report.add(&root, "too_long", msg, None, Some(ctx));
            } else {
                rows.reserve(length);
                for (index, item) in items.iter().enumerate() {
                    let at = root.index(index);
                    match item {
                        Json::Object(entries) => rows.push(row(resource, model, entries, &at, report)),
                        other => report.add(&at, "model_type", "must be an object", Some(other), None),
                    }
                }
            }
        }
        other => {
            let msg = if model == Model::Create {
                "must be an object or an array of objects"
            } else {
                "must be an object"
            };
            report.add(&root, "model_type", msg, Some(other), None);
        }
    }
    Checked { rows, many }
}

fn row<'a>(
    resource: &Resource,
    model: Model,
    entries: &[(std::borrow::Cow<'a, str>, Json<'a>)],
    at: &At<'_>,
    report: &mut Report,
) -> Row {
    let mut slots = vec![Slot::Absent; resource.fields.len()];
    let mut unknown = Vec::new();
    for (name, json) in entries {
        match resource
            .by_name
            .get(name.as_ref())
            .and_then(|index| slots.get_mut(*index))
        {
            Some(slot) => *slot = Slot::Given(json),
            None => unknown.push((name.as_ref(), json)),
        }
    }
    if entries.is_empty() && model == Model::Update {
        report.add(
            at,
            "too_short",
            "nothing to change: name at least one field",
            None,
            Some(serde_json::json!({"min_length": 1})),
        );
    }
    let mut values = Vec::with_capacity(entries.len());
    for (index, (field, slot)) in resource.fields.iter().zip(&mut slots).enumerate() {
        let from_path = model == Model::Replace && resource.key.contains(&index);
        match *slot {
            Slot::Given(json) => {
                let checked = if field.read_only && !from_path {
                    report.add(
                        &at.name(&field.name),
                        "read_only",
                        "is set by the database",
                        Some(json),
                        None,
                    );
                    None
                } else {
                    given(field, json, at, report)
                };
                match checked {
                    Some(bind) => values.push((index, bind)),
                    None => *slot = Slot::Bad,
                }
            }
            Slot::Absent if model != Model::Update && !field.optional && !field.read_only && !from_path => {
                report.add(&at.name(&field.name), "missing", "is required", None, None);
                *slot = Slot::Bad;
            }
            _ => {}
        }
    }
    for (name, json) in unknown {
        let writable = resource.fields.iter().filter(|field| !field.read_only);
        // Names are compared only for the violations that are told: a body may hold thousands.
        let meant = if report.is_full() {
            None
        } else {
            nearest(name, writable.map(|field| field.name.as_str()))
        };
        let msg = match meant {
            Some(meant) => format!("is not a field; did you mean `{meant}`?"),
            None => "is not a field".to_owned(),
        };
        report.add(&at.name(&clip(name)), "extra_forbidden", msg, Some(json), None);
    }
    let mut deferred = false;
    for rule in &resource.rules {
        match judge(resource, model, rule, &slots) {
            Verdict::Kept => {}
            Verdict::Undecided => deferred = true,
            Verdict::Broken => {
                let input = rule
                    .loc
                    .as_ref()
                    .and_then(|name| match slots.get(*resource.by_name.get(name)?)? {
                        Slot::Given(json) => Some(*json),
                        _ => None,
                    });
                rules::broken(rule, at, input, report);
            }
        }
    }
    Row { values, deferred }
}

fn given(field: &Field, json: &Json<'_>, at: &At<'_>, report: &mut Report) -> Option<Bind> {
    let at = at.name(&field.name);
    if *json == Json::Null {
        if field.nullable {
            return Some(Bind::Null);
        }
        let (kind, _) = value::type_error(&field.pg_type.kind);
        report.add(&at, kind, "must not be null", Some(json), None);
        return None;
    }
    value::check(Want::of(field), json, &at, report)
}

/// Decides a rule from the body as far as that is possible.
///
/// A field that the body does not name is null for certain only in a new row (or one that replaces
/// another), when it is nullable and the database has no default for it. Any other absent field is
/// unknown: the expression is evaluated as far as it does not depend on it, so that `!has(self.a) || …`
/// is decided by `a` alone; what remains open is deferred to the stored row. Changes that name none of
/// a rule's fields are not judged by it: they can neither break nor mend it.
fn judge(resource: &Resource, model: Model, rule: &Rule, slots: &[Slot<'_, '_>]) -> Verdict {
    let mut named = false;
    for name in &rule.fields {
        match resource.by_name.get(name).and_then(|index| slots.get(*index)) {
            Some(Slot::Bad) => return Verdict::Kept,
            Some(Slot::Given(_)) => named = true,
            Some(Slot::Absent) | None => {}
        }
    }
    let evaluate = || {
        let cells = rule.fields.iter().map(|name| {
            let cell = match resource.field(name) {
                Some((index, field)) => match slots.get(index) {
                    Some(Slot::Given(json)) => rules::cell(Want::of(field), json),
                    _ if absent_is_null(resource, model, index, field) => Cell::Null,
                    _ => Cell::Unknown,
                },
                None => Cell::Unknown,
            };
            (name.clone(), cell)
        });
        rules::evaluate(rule, cells.collect())
    };
    match model {
        _ if named => evaluate(),
        Model::Update => Verdict::Kept,
        // The body has no part in it, so the first answer is the answer for all.
        Model::Create => Verdict::from(*rule.unset.get_or_init(|| evaluate().into())),
        Model::Replace => evaluate(),
    }
}

fn absent_is_null(resource: &Resource, model: Model, index: usize, field: &Field) -> bool {
    let written = match model {
        Model::Create => true,
        Model::Replace => !resource.key.contains(&index),
        Model::Update => false,
    };
    written && field.nullable && !field.has_default && !field.read_only
}
