//! Examples of values, bodies and filters. None is shown that breaks the contract it illustrates.

use regex::Regex;
use serde_json::{Map, Value};

use super::samples;
use super::schemas::{self, Model};
use super::values::{self, Bounds};
use crate::catalog::Kind;
use crate::contract::{Decimal, Field, Resource};
use crate::error::Step;
use crate::request::json;
use crate::validate;

/// Longest list that is shown beside a single property; longer ones are in the whole bodies only.
const LONGEST_BESIDE: usize = 16;

/// Examples of a resource's fields, worked out once.
pub(super) struct Examples {
    /// By the field's index; `None` where nothing known to fit was found.
    values: Vec<Option<Value>>,
}

impl Examples {
    /// Works out an example for each field.
    pub(super) fn of(resource: &Resource) -> Self {
        Self {
            values: resource.fields.iter().map(value).collect(),
        }
    }

    /// The example of a field.
    pub(super) fn value(&self, index: usize) -> Option<&Value> {
        self.values.get(index)?.as_ref()
    }

    /// The example that stands beside a property.
    pub(super) fn beside(&self, index: usize) -> Option<&Value> {
        let long = |value: &&Value| value.as_array().is_some_and(|items| items.len() > LONGEST_BESIDE);
        self.value(index).filter(|value| !long(value))
    }

    /// An example of a whole body, or `None` where a field that it needs has no example.
    pub(super) fn body(&self, resource: &Resource, model: Model) -> Option<Value> {
        match model {
            Model::Read => self.row(resource),
            Model::Create => self.new_row(resource),
            Model::Replace => self.whole(resource),
            Model::Update => self.changes(resource),
        }
    }

    fn row(&self, resource: &Resource) -> Option<Value> {
        let mut row = Map::new();
        for (index, field) in resource.fields.iter().enumerate() {
            let value = match self.value(index) {
                Some(value) => value.clone(),
                None if field.nullable => Value::Null,
                None => return None,
            };
            row.insert(field.name.clone(), value);
        }
        let breaks = |row: &Map<String, Value>| {
            !validate::stored_row(resource, &Value::Object(row.clone()), &["body".into()]).is_empty()
        };
        if breaks(&row) {
            let read = |field: &Field| resource.rules.iter().any(|rule| rule.fields.contains(&field.name));
            for field in resource.fields.iter().filter(|field| field.nullable && read(field)) {
                row.insert(field.name.clone(), Value::Null);
            }
            if breaks(&row) {
                return None;
            }
        }
        Some(row.into())
    }

    fn new_row(&self, resource: &Resource) -> Option<Value> {
        let mut row = Map::new();
        for (index, field) in resource.fields.iter().enumerate().filter(|(_, field)| !field.read_only) {
            // The tenant comes from whoever asks.
            let counted = field.optional && (resource.key.contains(&index) || resource.tenant == Some(index));
            match self.value(index) {
                // A key that the database hands out is best left to it.
                Some(_) if counted => {}
                Some(value) => _ = row.insert(field.name.clone(), value.clone()),
                None if field.optional => {}
                None => return None,
            }
        }
        kept(resource, validate::Model::Create, row)
    }

    /// The body of a `PUT`, without the key that the path has.
    fn whole(&self, resource: &Resource) -> Option<Value> {
        let mut row = Map::new();
        let mut needed = Vec::new();
        let writable = |(index, field): &(usize, &Field)| {
            !field.read_only && !resource.key.contains(index) && resource.tenant != Some(*index)
        };
        for (index, field) in resource.fields.iter().enumerate().filter(writable) {
            let must = schemas::replaces(resource, index, field);
            match self.value(index) {
                Some(value) => _ = row.insert(field.name.clone(), value.clone()),
                None if !must => {}
                None if field.nullable => _ = row.insert(field.name.clone(), Value::Null),
                None => return None,
            }
            if must {
                needed.push(field.name.as_str());
            }
        }
        let row = kept(resource, validate::Model::Replace, row)?;
        needed.iter().all(|name| row.get(name).is_some()).then_some(row)
    }

    fn changes(&self, resource: &Resource) -> Option<Value> {
        let writable = |(index, field): &(usize, &Field)| {
            !field.read_only && !resource.key.contains(index) && resource.tenant != Some(*index)
        };
        let mut fields: Vec<_> = resource.fields.iter().enumerate().filter(writable).collect();
        // Changing what somebody chose an example for, or what has few values, tells most.
        fields.sort_by_key(|(_, field)| {
            (
                field.example.is_none(),
                !matches!(field.pg_type.kind, Kind::Enum { .. }),
            )
        });
        fields.into_iter().find_map(|(index, field)| {
            let row = Map::from_iter([(field.name.clone(), self.beside(index)?.clone())]);
            kept(resource, validate::Model::Update, row)
        })
    }

    /// The example of a filter on a field, such as `gte.50`.
    pub(super) fn filter(&self, index: usize, field: &Field) -> String {
        let text = match self.value(index) {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => return "not.is.null".to_owned(),
        };
        match &field.pg_type.kind {
            Kind::Bool => format!("is.{text}"),
            Kind::Enum { labels } => match field.rules.one_of.as_ref().unwrap_or(labels).as_slice() {
                [first, second, _, ..] if is_plain(first) && is_plain(second) => format!("in.({first},{second})"),
                _ => format!("eq.{text}"),
            },
            Kind::Json | Kind::Jsonb => "not.is.null".to_owned(),
            kind if kind.is_vector() => "not.is.null".to_owned(),
            Kind::Date | Kind::Timestamp | Kind::TimestampTz => format!("gte.{text}"),
            kind if kind.is_number() && !field.name.ends_with("id") => format!("gte.{text}"),
            _ => format!("eq.{text}"),
        }
    }
}

/// Whether a word needs no quotes in a list of the query dialect.
fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// The row, less the optional fields that the validator objects to; `None` if that does not mend it.
fn kept(resource: &Resource, model: validate::Model, mut row: Map<String, Value>) -> Option<Value> {
    loop {
        let text = Value::Object(row.clone()).to_string();
        let Err(error) = validate::body(resource, model, &json::parse(text.as_bytes()).ok()?) else {
            return (!row.is_empty()).then(|| row.into());
        };
        let before = row.len();
        for violation in error.violations() {
            if let Some(Step::Name(name)) = violation.loc.get(1) {
                let optional = resource.field(name).is_some_and(|(_, field)| field.optional);
                if optional || model == validate::Model::Update {
                    row.shift_remove(name);
                }
            }
        }
        if row.len() == before {
            // A rule that names no field: leave out what rules read, if that may be left out.
            let read = |name: &str| {
                resource
                    .rules
                    .iter()
                    .any(|rule| rule.fields.iter().any(|field| field == name))
            };
            row.retain(|name, _| !(read(name) && resource.field(name).is_some_and(|(_, field)| field.optional)));
        }
        if row.len() == before {
            return None;
        }
    }
}

/// The overlay's example, the default, or a made-up value: the first that fits.
fn value(field: &Field) -> Option<Value> {
    let rules = &field.rules;
    let schema = values::schema(&field.pg_type.kind, rules, field.json, None);
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema.into())
        .ok()?;
    let fits = |value: &Value| {
        !value.is_null()
            && validator.is_valid(value)
            && shaped(field, value)
            && exact(field, value)
            && matched(&rules.patterns, value)
    };
    // An empty default shows little: it comes last.
    let empty = |value: &&Value| matches!(value.to_string().as_str(), "0" | "\"\"" | "[]" | "{}" | "false");
    let telling = field.default.iter().filter(|value| !empty(value));
    let own = field.example.iter().chain(telling).cloned();
    own.chain(samples::candidates(&field.pg_type, rules, field.json, &field.name))
        .chain(field.default.clone())
        .find(|value| fits(value))
}

fn shaped(field: &Field, value: &Value) -> bool {
    match (values::shape(field), &field.pg_type.kind, value) {
        (None, ..) => true,
        (Some(shape), Kind::Array { .. }, Value::Array(items)) => items
            .iter()
            .all(|item| item.is_null() || shape.validator.is_valid(item)),
        (Some(shape), ..) => shape.validator.is_valid(value),
    }
}

/// Bounds, multiples and scale, exactly: doubles cannot tell, and numbers in strings have no bounds in JSON Schema.
fn exact(field: &Field, value: &Value) -> bool {
    if !field.pg_type.kind.is_number() {
        return true;
    }
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(number) = Decimal::parse(&text) else {
        return false;
    };
    let Bounds { low, high } = values::bounds(&field.pg_type.kind, &field.rules);
    let above = low.is_none_or(|(bound, open)| if open { number > bound } else { number >= bound });
    let below = high.is_none_or(|(bound, open)| if open { number < bound } else { number <= bound });
    let scale = match field.pg_type.kind {
        Kind::Numeric {
            precision: Some(_),
            scale,
        } => i64::from(scale.unwrap_or(0)),
        _ => i64::MAX,
    };
    let step = field.rules.multiple_of.as_ref();
    above
        && below
        && i64::from(number.fraction_digits()) <= scale
        && step.is_none_or(|step| number.is_multiple_of(step))
}

fn matched(patterns: &[Regex], value: &Value) -> bool {
    value
        .as_str()
        .is_none_or(|text| patterns.iter().all(|pattern| pattern.is_match(text)))
}
