//! Values that might serve as examples, best first; `examples` takes the first that keeps the rules.

use serde_json::{Value, json};

use super::values;
use crate::catalog::{Kind, PgType};
use crate::contract::{Decimal, FieldRules, Format, JsonForm};

/// Candidates for a value of this type under these rules; `name` is the field's.
pub(super) fn candidates(pg_type: &PgType, rules: &FieldRules, form: JsonForm, name: &str) -> Vec<Value> {
    match &pg_type.kind {
        Kind::Bool => vec![true.into(), false.into()],
        kind @ (Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric { .. }) => {
            let numbers = numbers(kind, rules);
            match form {
                JsonForm::Number => numbers,
                JsonForm::String => numbers.iter().map(|number| number.to_string().into()).collect(),
            }
        }
        Kind::Text { max_length } => texts(rules, *max_length, name),
        Kind::Enum { labels } => words(rules.one_of.as_ref().unwrap_or(labels)),
        Kind::Uuid => vec!["3f2b8c1e-5d4a-4e6b-9a7c-1b2d3e4f5a6b".into()],
        Kind::Date => vec!["2026-01-31".into()],
        Kind::Time => vec!["09:30:00".into()],
        Kind::TimeTz => vec!["09:30:00Z".into()],
        Kind::Timestamp => vec!["2026-01-31T09:30:00".into()],
        Kind::TimestampTz => vec!["2026-01-31T09:30:00Z".into()],
        Kind::Interval => vec!["P1DT12H".into()],
        Kind::Bytea => vec!["aGVsbG8=".into()],
        Kind::Json | Kind::Jsonb => documents(rules),
        Kind::Array { item } => arrays(item, rules, form, name),
        Kind::Vector { dimensions } | Kind::HalfVec { dimensions } => {
            // A unit vector: every distance can be asked of it.
            let mut vector =
                vec![json!(0); usize::try_from(rules.dimensions.or(*dimensions).unwrap_or(3)).unwrap_or(3)];
            if let Some(first) = vector.first_mut() {
                *first = json!(1);
            }
            vec![vector.into()]
        }
        Kind::SparseVec { dimensions } => {
            let dimensions = rules.dimensions.or(*dimensions).unwrap_or(3);
            vec![json!({ "dimensions": dimensions, "indices": [1], "values": [1] })]
        }
        Kind::Range => ranges(&pg_type.sql),
        Kind::Other => other(&pg_type.sql).map_or_else(Vec::new, |text| vec![text.into()]),
    }
}

fn words(words: &[String]) -> Vec<Value> {
    words.iter().map(|word| word.as_str().into()).collect()
}

fn numbers(kind: &Kind, rules: &FieldRules) -> Vec<Value> {
    let bounds = values::bounds(kind, rules);
    let low = bounds.low.map(|(bound, _)| bound.to_f64());
    let high = bounds.high.map(|(bound, _)| bound.to_f64());
    let ruled = (rules.ge.is_some() || rules.gt.is_some()) && (rules.le.is_some() || rules.lt.is_some());
    let middle = low.zip(high).map(|(low, high)| low.midpoint(high)).filter(|_| ruled);
    let step = rules
        .multiple_of
        .as_ref()
        .map(Decimal::to_f64)
        .filter(|step| *step > 0.0);
    let mut numbers: Vec<f64> = Vec::new();
    if let Some(middle) = middle {
        numbers.extend([
            middle.round(),
            (middle * 10.0).round() / 10.0,
            (middle * 100.0).round() / 100.0,
            middle,
        ]);
    }
    numbers.extend([1.0, 10.0, 100.0, 0.0, -1.0, 0.5, 0.1]);
    if let Some(step) = step {
        numbers.push(step);
        for near in middle.into_iter().chain(low).chain(high) {
            let count = (near / step).round();
            numbers.extend([count * step, (count + 1.0) * step, (count - 1.0) * step]);
        }
    }
    for bound in [low, high].into_iter().flatten() {
        numbers.extend([bound, bound.floor() + 1.0, bound.ceil() - 1.0]);
    }
    numbers.into_iter().filter_map(json_number).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
fn json_number(number: f64) -> Option<Value> {
    if number.fract() == 0.0 && number.abs() < 9.0e15 {
        return Some((number as i64).into());
    }
    serde_json::Number::from_f64(number).map(Value::Number)
}

fn texts(rules: &FieldRules, declared: Option<u32>, name: &str) -> Vec<Value> {
    if let Some(labels) = &rules.one_of {
        return words(labels);
    }
    let known = match rules.format {
        Some(Format::Email) => Some("ada@example.com"),
        Some(Format::Uri) => Some("https://example.com/"),
        Some(Format::Uuid) => Some("3f2b8c1e-5d4a-4e6b-9a7c-1b2d3e4f5a6b"),
        Some(Format::Hostname) => Some("www.example.com"),
        Some(Format::Ipv4) => Some("192.0.2.1"),
        Some(Format::Ipv6) => Some("2001:db8::1"),
        Some(Format::DateTime) => Some("2026-01-31T09:30:00Z"),
        Some(Format::Date) => Some("2026-01-31"),
        Some(Format::Time) => Some("09:30:00"),
        Some(Format::Duration) => Some("P1DT12H"),
        Some(Format::Phone) => Some("+4915112345678"),
        None => None,
    };
    if let Some(known) = known {
        return vec![known.into()];
    }
    let named = match name {
        "email" | "mail" => Some("ada@example.com"),
        "name" | "full_name" => Some("Ada Lovelace"),
        "first_name" => Some("Ada"),
        "last_name" => Some("Lovelace"),
        "phone" => Some("+4915112345678"),
        "url" | "website" => Some("https://example.com/"),
        "title" => Some("A short title"),
        "slug" => Some("a-short-title"),
        "city" => Some("Berlin"),
        "country" => Some("DE"),
        "currency" => Some("EUR"),
        "language" | "locale" => Some("en"),
        _ => None,
    };
    let most = [declared, rules.max_length]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(u32::MAX);
    let fit = |word: &str| {
        let least = usize::try_from(rules.min_length.unwrap_or(0)).unwrap_or(0);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut text = word.to_owned();
        // Lengths beyond this are no example any more.
        while text.chars().count() < least && text.len() < 4_096 {
            text.push(' ');
            text.push_str(word);
        }
        let text: String = text.chars().take(most.max(least)).collect();
        text.trim_end().to_owned()
    };
    let words = named
        .into_iter()
        .chain(["Some text", "text", "TEXT", "text-text", "a", "A", "1", "AB", "ab1"]);
    let mut texts: Vec<String> = words.map(fit).collect();
    texts.push("a".repeat(usize::try_from(rules.min_length.unwrap_or(1).clamp(1, 4_096)).unwrap_or(1)));
    texts.into_iter().map(Value::from).collect()
}

fn documents(rules: &FieldRules) -> Vec<Value> {
    let mut documents = Vec::new();
    if let Some(shape) = &rules.schema {
        documents.extend(
            shape
                .source
                .get("examples")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .cloned(),
        );
        documents.extend(shape.source.get("default").cloned());
        let composer = |optional| {
            Composer {
                root: &shape.source,
                optional,
            }
            .compose(&shape.source, 0)
        };
        documents.extend(composer(true).into_iter().chain(composer(false)));
        documents.extend([json!([]), json!("text"), json!(1), json!(true)]);
    }
    documents.push(json!({}));
    documents
}

/// Puts values together from what a schema says of types and properties; the validator has the last word on them.
struct Composer<'a> {
    root: &'a Value,
    /// Whether properties that may be left out are there.
    optional: bool,
}

impl Composer<'_> {
    fn compose(&self, schema: &Value, depth: u32) -> Option<Value> {
        if depth > 8 {
            return None;
        }
        if let Some(pointer) = schema.get("$ref").and_then(Value::as_str) {
            return self.compose(self.root.pointer(pointer.strip_prefix('#')?)?, depth + 1);
        }
        let list = |key: &str| schema.get(key).and_then(Value::as_array);
        if let Some(known) = list("examples").or(list("enum")).and_then(|values| values.first()) {
            return Some(known.clone());
        }
        if let Some(known) = schema.get("const").or(schema.get("default")) {
            return Some(known.clone());
        }
        let name = match schema.get("type") {
            Some(Value::String(name)) => name.as_str(),
            Some(Value::Array(names)) => names.first().and_then(Value::as_str)?,
            _ if schema.get("properties").is_some() => "object",
            _ => return None,
        };
        Some(match name {
            "object" => {
                let needed = |name: &str| list("required").is_some_and(|names| names.iter().any(|n| n == name));
                let properties = schema
                    .get("properties")
                    .and_then(Value::as_object)
                    .into_iter()
                    .flatten();
                properties
                    .filter(|(name, _)| self.optional || needed(name))
                    .filter_map(|(name, schema)| Some((name.clone(), self.compose(schema, depth + 1)?)))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }
            "array" => {
                let item = schema.get("items").and_then(|items| self.compose(items, depth + 1));
                item.map_or_else(|| json!([]), |item| json!([item]))
            }
            "string" => match schema.get("format").and_then(Value::as_str).and_then(Format::parse) {
                Some(format) => {
                    let rules = FieldRules {
                        format: Some(format),
                        ..FieldRules::default()
                    };
                    texts(&rules, None, "").into_iter().next()?
                }
                None => "text".into(),
            },
            "integer" | "number" => schema
                .get("minimum")
                .or(schema.get("maximum"))
                .cloned()
                .unwrap_or(json!(1)),
            "boolean" => true.into(),
            _ => Value::Null,
        })
    }
}

fn arrays(item: &PgType, rules: &FieldRules, form: JsonForm, name: &str) -> Vec<Value> {
    let none = FieldRules::default();
    let inner = rules.items.as_deref().unwrap_or(&none);
    let length = rules
        .min_items
        .unwrap_or(0)
        .clamp(1, 64)
        .min(rules.max_items.unwrap_or(64));
    let length = usize::try_from(length).unwrap_or(1);
    let items = candidates(item, inner, form, name);
    let mut arrays: Vec<Value> = items.into_iter().map(|item| vec![item; length].into()).collect();
    arrays.push(json!([]));
    arrays
}

fn ranges(sql: &str) -> Vec<Value> {
    let sql = sql.to_ascii_lowercase();
    let range = match sql.as_str() {
        name if name.starts_with("date") => "[2026-01-01,2026-02-01)",
        name if name.starts_with("tstz") => "[\"2026-01-31 09:30:00+00\",\"2026-01-31 10:30:00+00\")",
        name if name.starts_with("ts") => "[\"2026-01-31 09:30:00\",\"2026-01-31 10:30:00\")",
        name if name.starts_with("int") || name.starts_with("num") => "[1,10)",
        _ => return Vec::new(),
    };
    vec![
        if sql.contains("multirange") {
            format!("{{{range}}}")
        } else {
            range.to_owned()
        }
        .into(),
    ]
}

fn other(sql: &str) -> Option<&'static str> {
    Some(match sql.to_ascii_lowercase().as_str() {
        "inet" => "192.0.2.1",
        "cidr" => "192.0.2.0/24",
        "macaddr" => "08:00:2b:01:02:03",
        "point" => "(1,2)",
        "tsvector" => "'windlass':1",
        "tsquery" => "'windlass'",
        "xml" => "<text/>",
        "ltree" => "top.middle",
        "hstore" => "\"key\"=>\"value\"",
        _ => return None,
    })
}
