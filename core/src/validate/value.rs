//! One value against one field: by the kind of its column, then by the rules.

use std::sync::LazyLock;

use super::Bind;
use super::list;
use super::number::number;
use super::report::{At, Report};
use super::text;
use super::vector;
use crate::catalog::{Kind, PgType};
use crate::contract::{Decimal, Field, FieldRules, JsonForm};
use crate::error::Step;
use crate::request::json::Json;

/// Largest power of ten of a number inside of `json` or `jsonb`, either way. Postgres writes such numbers
/// out in full, so that eight bytes of `1e131071` would become 131,072 digits.
const JSON_MAGNITUDE: u32 = 1_000;

/// What a value must be.
#[derive(Clone, Copy)]
pub(super) struct Want<'a> {
    pub(super) kind: &'a Kind,
    pub(super) rules: &'a FieldRules,
    pub(super) form: JsonForm,
}

static NO_RULES: LazyLock<FieldRules> = LazyLock::new(FieldRules::default);

impl<'a> Want<'a> {
    /// What a field's values must be.
    pub(super) fn of(field: &'a Field) -> Self {
        Self {
            kind: &field.pg_type.kind,
            rules: &field.rules,
            form: field.json,
        }
    }

    /// What the items of an array must be.
    pub(super) fn item(self, item: &'a PgType) -> Self {
        Self {
            kind: &item.kind,
            rules: self.rules.items.as_deref().unwrap_or(&NO_RULES),
            form: self.form,
        }
    }

    /// Whether its own JSON form may be an array, so that an array of it is not a further dimension.
    pub(super) fn is_list(self) -> bool {
        matches!(
            self.kind,
            Kind::Json | Kind::Jsonb | Kind::Vector { .. } | Kind::HalfVec { .. }
        )
    }
}

/// The type string and the phrase for a value of the wrong JSON type.
pub(super) fn type_error(kind: &Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Bool => ("bool_type", "must be true or false"),
        Kind::Int2 | Kind::Int4 | Kind::Int8 => ("int_type", "must be an integer"),
        Kind::Float4 | Kind::Float8 => ("float_type", "must be a number"),
        Kind::Numeric { .. } => ("decimal_type", "must be a number"),
        Kind::Uuid => ("uuid_type", "must be a string with a UUID"),
        Kind::Date => ("date_type", "must be a string with a date"),
        Kind::Time | Kind::TimeTz => ("time_type", "must be a string with a time"),
        Kind::Timestamp | Kind::TimestampTz => ("datetime_type", "must be a string with a date and a time"),
        Kind::Interval => ("time_delta_type", "must be a string with a duration"),
        Kind::Bytea => ("bytes_type", "must be a string with base64"),
        Kind::Array { .. } => ("list_type", "must be an array"),
        Kind::Vector { .. } | Kind::HalfVec { .. } => ("list_type", "must be an array of numbers"),
        Kind::Json | Kind::Jsonb => ("json_type", "must be a JSON value"),
        Kind::SparseVec { .. } => (
            "model_type",
            "must be an object with dimensions, indices and values, or a string such as {1:0.5,7:2}/10",
        ),
        Kind::Text { .. } | Kind::Enum { .. } | Kind::Range | Kind::Other => ("string_type", "must be a string"),
    }
}

/// Checks a value that is not null; nothing when it broke a rule.
pub(super) fn check(want: Want<'_>, json: &Json<'_>, at: &At<'_>, report: &mut Report) -> Option<Bind> {
    let mut out = String::new();
    if matches!(want.kind, Kind::Json | Kind::Jsonb) {
        return document(want, json, at, report, &mut out).then_some(Bind::Json(out));
    }
    write(want, json, at, report, &mut out).then_some(Bind::Text(out))
}

/// Checks a value that is not null and appends what Postgres reads; false when it broke a rule.
pub(super) fn write(want: Want<'_>, json: &Json<'_>, at: &At<'_>, report: &mut Report, out: &mut String) -> bool {
    match (want.kind, json) {
        (Kind::Json | Kind::Jsonb, json) => document(want, json, at, report, out),
        (Kind::Bool, Json::Bool(flag)) => {
            out.push_str(if *flag { "true" } else { "false" });
            true
        }
        (kind, Json::Number(text)) if kind.is_number() => number(want, text, json, at, report, out),
        (kind, Json::String(text)) if kind.is_number() && want.form == JsonForm::String => {
            number(want, text, json, at, report, out)
        }
        (Kind::Array { item }, Json::Array(items)) => list::array(want, item, items, json, at, report, out),
        (kind, json) if kind.is_vector() => vector::write(want, json, at, report, out),
        (kind, Json::String(text)) if !kind.is_number() && !matches!(kind, Kind::Bool | Kind::Array { .. }) => {
            text::string(want, text, json, at, report, out)
        }
        (kind, json) => {
            let (name, msg) = type_error(kind);
            report.add(at, name, msg, Some(json), None);
            false
        }
    }
}

/// A value of a `json` or `jsonb` column: kept as it is, its shape by JSON Schema.
fn document(want: Want<'_>, json: &Json<'_>, at: &At<'_>, report: &mut Report, out: &mut String) -> bool {
    let before = report.count();
    magnitudes(json, at, report);
    if let Some(shape) = &want.rules.schema {
        let value = json.to_value();
        for error in shape.validator.iter_errors(&value) {
            let steps: Vec<Step> = error
                .instance_path()
                .segments()
                .map(|segment| match segment {
                    jsonschema::paths::LocationSegment::Property(name) => Step::Name(name.into_owned()),
                    jsonschema::paths::LocationSegment::Index(index) => Step::Index(index),
                })
                .collect();
            schema_fault(&error, &steps, json, at, report);
        }
    }
    if report.count() > before {
        return false;
    }
    json.write(out);
    true
}

fn schema_fault(
    error: &jsonschema::ValidationError<'_>,
    steps: &[Step],
    json: &Json<'_>,
    at: &At<'_>,
    report: &mut Report,
) {
    fn descend(steps: &[Step], json: Option<&Json<'_>>, at: &At<'_>, tell: &mut dyn FnMut(&At<'_>, Option<&Json<'_>>)) {
        let Some((step, rest)) = steps.split_first() else {
            return tell(at, json);
        };
        match step {
            Step::Name(name) => {
                let next = match json {
                    Some(Json::Object(entries)) => entries.iter().find(|(key, _)| key == name).map(|(_, value)| value),
                    _ => None,
                };
                descend(rest, next, &at.name(name), tell);
            }
            Step::Index(index) => {
                let next = match json {
                    Some(Json::Array(items)) => items.get(*index),
                    _ => None,
                };
                descend(rest, next, &at.index(*index), tell);
            }
        }
    }
    let msg = error.masked_with("the value").to_string();
    let keyword = error.kind().keyword().to_owned();
    descend(steps, Some(json), at, &mut |at, input| {
        report.add(
            at,
            "json_schema",
            msg.as_str(),
            input,
            Some(serde_json::json!({"keyword": keyword})),
        );
    });
}

fn magnitudes(json: &Json<'_>, at: &At<'_>, report: &mut Report) {
    match json {
        Json::Number(text) if text.bytes().any(|b| matches!(b, b'e' | b'E')) || text.len() > 1_000 => {
            let fits = Decimal::parse(text)
                .is_some_and(|number| number.integer_digits().max(number.fraction_digits()) <= JSON_MAGNITUDE);
            if !fits {
                let msg = format!("must have at most {JSON_MAGNITUDE} digits on either side of the decimal point");
                report.add(at, "finite_number", msg, Some(json), None);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                magnitudes(item, &at.index(index), report);
            }
        }
        Json::Object(entries) => {
            for (name, value) in entries {
                magnitudes(value, &at.name(name), report);
            }
        }
        _ => {}
    }
}
