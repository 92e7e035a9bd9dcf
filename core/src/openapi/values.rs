//! JSON Schema 2020-12 for the values of one field: its column's type, narrowed by its rules.

use serde_json::{Map, Value, json};

use crate::catalog::Kind;
use crate::contract::{Decimal, Field, FieldRules, Format, JsonForm, Metric, Normalize, Shape};

/// A JSON Schema under construction.
pub(super) type Schema = Map<String, Value>;

/// The schema of a value that is not null. `shape` is the reference for a JSON column's own schema.
pub(super) fn schema(kind: &Kind, rules: &FieldRules, form: JsonForm, shape: Option<&str>) -> Schema {
    let mut schema = Schema::new();
    let typed = |schema: &mut Schema, name: &str| _ = schema.insert("type".to_owned(), name.into());
    let formed = |schema: &mut Schema, name: &str| {
        schema.insert("type".to_owned(), "string".into());
        schema.insert("format".to_owned(), name.into());
    };
    match kind {
        Kind::Bool => typed(&mut schema, "boolean"),
        kind if kind.is_number() => number(kind, rules, form, &mut schema),
        Kind::Text { max_length } => {
            typed(&mut schema, "string");
            text(rules, *max_length, &mut schema);
        }
        Kind::Enum { labels } => {
            typed(&mut schema, "string");
            let allowed = rules.one_of.as_ref().unwrap_or(labels);
            schema.insert("enum".to_owned(), json!(allowed));
        }
        Kind::Uuid => formed(&mut schema, "uuid"),
        Kind::Date => formed(&mut schema, "date"),
        Kind::TimeTz => formed(&mut schema, "time"),
        Kind::TimestampTz => {
            formed(&mut schema, "date-time");
            // RFC 3339 has offsets of up to 23:59, Postgres goes no further than these.
            schema.insert("pattern".to_owned(), r"([Zz]|[+-](0[0-9]|1[0-5]):[0-5][0-9])$".into());
        }
        // Without an offset they are not JSON Schema's `time` and `date-time`: these names are from OpenAPI's registry.
        Kind::Time => formed(&mut schema, "time-local"),
        Kind::Timestamp => formed(&mut schema, "date-time-local"),
        Kind::Interval => formed(&mut schema, "duration"),
        Kind::Bytea => {
            typed(&mut schema, "string");
            schema.insert("contentEncoding".to_owned(), "base64".into());
        }
        Kind::Json | Kind::Jsonb => {
            if let (Some(shape), true) = (shape, rules.schema.is_some()) {
                schema.insert("$ref".to_owned(), shape.into());
            } else {
                // JSON's null is no value: as in any column it stands for the database's.
                schema.insert(
                    "type".to_owned(),
                    json!(["object", "array", "string", "number", "boolean"]),
                );
            }
        }
        Kind::Array { item } => {
            typed(&mut schema, "array");
            let none = FieldRules::default();
            let inner = rules.items.as_deref().unwrap_or(&none);
            // Postgres takes null for an item of any array.
            let items = nullable(self::schema(&item.kind, inner, form, shape));
            schema.insert("items".to_owned(), items.into());
            count(&mut schema, "minItems", rules.min_items);
            count(&mut schema, "maxItems", rules.max_items);
        }
        Kind::Vector { dimensions } | Kind::HalfVec { dimensions } => {
            typed(&mut schema, "array");
            // As replies write the largest of each.
            let most = if matches!(kind, Kind::HalfVec { .. }) {
                65_504.0
            } else {
                3.402_823_5e38
            };
            let items = json!({ "type": "number", "format": "float", "minimum": -most, "maximum": most });
            schema.insert("items".to_owned(), items);
            if rules.metric == Some(Metric::Cosine) {
                // All zeros have no direction.
                schema.insert("contains".to_owned(), json!({ "not": { "const": 0 } }));
            }
            let dimensions = rules.dimensions.or(*dimensions);
            count(&mut schema, "minItems", Some(dimensions.unwrap_or(1)));
            count(&mut schema, "maxItems", dimensions);
        }
        Kind::SparseVec { dimensions } => sparse(&mut schema, rules.dimensions.or(*dimensions)),
        _ => {
            typed(&mut schema, "string");
            text(rules, None, &mut schema);
        }
    }
    schema
}

/// A sparse vector: an object, or pgvector's own text, which replies never hold.
fn sparse(schema: &mut Schema, size: Option<u32>) {
    let mut dimensions = json!({ "type": "integer", "minimum": 1, "maximum": 1_000_000_000 });
    if let Some(size) = size {
        dimensions = json!({ "type": "integer", "const": size });
    }
    let digits = size.map_or_else(|| "[1-9][0-9]*".to_owned(), |size| size.to_string());
    let index = json!({ "type": "integer", "minimum": 1, "maximum": size.unwrap_or(1_000_000_000) });
    let forms = json!([
        {
            "type": "object",
            "properties": {
                "dimensions": dimensions,
                "indices": { "type": "array", "items": index, "uniqueItems": true, "maxItems": 16_000,
                             "description": "Where the numbers stand, counted from 1." },
                "values": { "type": "array", "items": { "type": "number" }, "maxItems": 16_000,
                            "description": "As many as the indices; everywhere else it is 0." },
            },
            "required": ["dimensions", "indices", "values"],
            "additionalProperties": false,
        },
        { "type": "string", "pattern": format!(r"^\{{.*\}}/{digits}$"), "description": "pgvector's text." },
    ]);
    schema.insert("anyOf".to_owned(), forms);
}

/// The same schema with null allowed.
pub(super) fn nullable(mut schema: Schema) -> Schema {
    if let Some(Value::Array(labels)) = schema.get_mut("enum") {
        labels.push(Value::Null);
    }
    if let Some(name @ Value::String(_)) = schema.get_mut("type") {
        *name = json!([name.take(), "null"]);
    } else if let Some(Value::Array(names)) = schema.get_mut("type") {
        names.push("null".into());
    } else if let Some(Value::Array(forms)) = schema.get_mut("anyOf") {
        forms.push(json!({ "type": "null" }));
    } else if schema.contains_key("$ref") {
        let any = json!([schema, { "type": "null" }]);
        schema = Schema::from_iter([("anyOf".to_owned(), any)]);
    }
    schema
}

/// The bounds of a number, those of its type among them: each with whether it is itself left out.
pub(super) struct Bounds {
    pub(super) low: Option<(Decimal, bool)>,
    pub(super) high: Option<(Decimal, bool)>,
}

/// The tightest bounds that rules and type give. Those of `bigint` are left to its format: many readers
/// of JSON would round them.
pub(super) fn bounds(kind: &Kind, rules: &FieldRules) -> Bounds {
    let own = match kind {
        Kind::Int2 => Some((i64::from(i16::MIN).into(), i64::from(i16::MAX).into(), false)),
        Kind::Int4 => Some((i64::from(i32::MIN).into(), i64::from(i32::MAX).into(), false)),
        Kind::Numeric {
            precision: Some(p),
            scale,
        } => {
            let power = i64::from(*p) - i64::from(scale.unwrap_or(0));
            let parse = |sign: &str| Decimal::parse(&format!("{sign}1e{power}"));
            parse("-").zip(parse("")).map(|(low, high)| (low, high, true))
        }
        _ => None,
    };
    let (own_low, own_high) = own.map_or((None, None), |(low, high, open)| {
        (Some((low, open)), Some((high, open)))
    });
    let closed = |bound: &Option<Decimal>| bound.clone().map(|bound| (bound, false));
    let open = |bound: &Option<Decimal>| bound.clone().map(|bound| (bound, true));
    Bounds {
        low: [closed(&rules.ge), open(&rules.gt), own_low]
            .into_iter()
            .flatten()
            .max(),
        high: [closed(&rules.le), open(&rules.lt), own_high]
            .into_iter()
            .flatten()
            .min_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1))),
    }
}

fn number(kind: &Kind, rules: &FieldRules, form: JsonForm, schema: &mut Schema) {
    let mut put = |key: &str, value: Value| _ = schema.insert(key.to_owned(), value);
    if form == JsonForm::String {
        put("type", "string".into());
        let whole = kind.is_integer();
        put(
            "pattern",
            if whole { "^-?[0-9]+$" } else { r"^-?[0-9]+(\.[0-9]+)?$" }.into(),
        );
        return;
    }
    put("type", if kind.is_integer() { "integer" } else { "number" }.into());
    match kind {
        Kind::Int2 => put("format", "int16".into()),
        Kind::Int4 => put("format", "int32".into()),
        Kind::Int8 => put("format", "int64".into()),
        Kind::Float4 => put("format", "float".into()),
        Kind::Float8 => put("format", "double".into()),
        _ => {}
    }
    let bounds = bounds(kind, rules);
    for (bound, closed, open) in [
        (bounds.low, "minimum", "exclusiveMinimum"),
        (bounds.high, "maximum", "exclusiveMaximum"),
    ] {
        if let Some((value, left_out)) = bound.and_then(|(bound, left_out)| Some((plain(&bound)?, left_out))) {
            put(if left_out { open } else { closed }, value);
        }
    }
    if let Some(step) = rules.multiple_of.as_ref().and_then(plain) {
        put("multipleOf", step);
    }
}

/// A decimal as a JSON number: exact for whole numbers of 64 bits, else the nearest double.
fn plain(number: &Decimal) -> Option<Value> {
    match number.to_i64() {
        Some(whole) => Some(whole.into()),
        None => serde_json::Number::from_f64(number.to_f64()).map(Value::Number),
    }
}

fn count(schema: &mut Schema, key: &str, count: Option<u32>) {
    if let Some(count) = count {
        schema.insert(key.to_owned(), count.into());
    }
}

fn text(rules: &FieldRules, declared: Option<u32>, schema: &mut Schema) {
    match rules.format {
        Some(Format::Phone) => {
            schema.insert("format".to_owned(), Format::Phone.as_str().into());
        }
        // JSON Schema's `time` demands an offset, this format does not.
        Some(Format::Time) | None => {}
        Some(format) => _ = schema.insert("format".to_owned(), format.as_str().into()),
    }
    count(schema, "minLength", rules.min_length);
    let most = [declared, rules.max_length].into_iter().flatten().min();
    count(schema, "maxLength", most);
    let own = match rules.format {
        Some(Format::Phone) => Some(r"^\+[1-9][0-9]{1,14}$"),
        Some(Format::Time) => Some(r"^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?$"),
        _ => None,
    };
    let patterns = rules.patterns.iter().filter_map(|pattern| portable(pattern.as_str()));
    let mut patterns: Vec<&str> = own.into_iter().chain(patterns).collect();
    if patterns.len() > 1 {
        let all: Vec<Value> = patterns
            .drain(1..)
            .map(|pattern| json!({ "pattern": pattern }))
            .collect();
        schema.insert("allOf".to_owned(), all.into());
    }
    if let Some(pattern) = patterns.first() {
        schema.insert("pattern".to_owned(), (*pattern).into());
    }
    if let Some(labels) = &rules.one_of {
        schema.insert("enum".to_owned(), json!(labels));
    }
}

/// The pattern, if ECMA 262 reads it in the same way as the engine here; others go into the description.
fn portable(pattern: &str) -> Option<&str> {
    const OTHER: &[&str] = &[
        r"\A", r"\z", r"\Z", r"\x{", r"\h", r"\R", r"\<", r"\>", "[[", "[^[", "&&", "--", "~~", "(?P",
    ];
    let flags = pattern
        .match_indices("(?")
        .any(|(at, _)| !pattern.get(at + 2..).is_some_and(|rest| rest.starts_with([':', '<'])));
    (!flags && !OTHER.iter().any(|word| pattern.contains(word))).then_some(pattern)
}

/// The JSON Schema of a JSON column, or of the items of an array of JSON.
pub(super) fn shape(field: &Field) -> Option<&Shape> {
    let mut rules = &field.rules;
    loop {
        match (&rules.schema, &rules.items) {
            (Some(shape), _) => return Some(shape),
            (None, Some(items)) => rules = items,
            (None, None) => return None,
        }
    }
}

/// What the schema cannot say, in sentences.
pub(super) fn notes(field: &Field) -> Vec<String> {
    let mut notes = Vec::new();
    let rules = &field.rules;
    if let Kind::Numeric {
        precision: Some(precision),
        scale,
    } = field.pg_type.kind
    {
        notes.push(format!(
            "At most {precision} digits, {} of them after the point.",
            scale.unwrap_or(0)
        ));
    }
    if field.json == JsonForm::String && field.pg_type.kind.is_number() {
        notes.push("A number in a string, so that no reader rounds it.".to_owned());
        for (bound, words) in [
            (&rules.ge, "At least"),
            (&rules.gt, "Greater than"),
            (&rules.le, "At most"),
            (&rules.lt, "Less than"),
            (&rules.multiple_of, "A multiple of"),
        ] {
            notes.extend(bound.as_ref().map(|bound| format!("{words} {bound}.")));
        }
    }
    for pattern in rules.patterns.iter().filter(|p| portable(p.as_str()).is_none()) {
        notes.push(format!("Matches `{pattern}` (syntax of Rust's regex crate)."));
    }
    if !rules.normalize.is_empty() {
        let done = rules.normalize.iter().map(|step| match step {
            Normalize::Trim => "trimmed",
            Normalize::Lowercase => "put in lower case",
            Normalize::Uppercase => "put in upper case",
            Normalize::CollapseWhitespace => "freed of repeated white space",
        });
        notes.push(format!(
            "On input it is {} before the rules apply.",
            done.collect::<Vec<_>>().join(", then ")
        ));
    }
    if let Some(metric) = rules.metric {
        notes.push(format!("Compared by {} distance.", metric.as_str().replace('_', " ")));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(kind: &Kind, rules: &FieldRules) -> Value {
        schema(kind, rules, JsonForm::Number, None).into()
    }

    #[test]
    fn bounds_meet_the_type() {
        let decimal = |text| Decimal::parse(text);
        let rules = |ge, gt, le, lt| FieldRules {
            ge: decimal(ge),
            gt: decimal(gt),
            le: decimal(le),
            lt: decimal(lt),
            ..FieldRules::default()
        };
        let numeric = Kind::Numeric {
            precision: Some(5),
            scale: Some(2),
        };
        for (kind, rules, expected) in [
            (
                Kind::Int2,
                rules("", "", "", ""),
                json!({"type":"integer","format":"int16","minimum":-32768,"maximum":32767}),
            ),
            (
                Kind::Int2,
                rules("0", "0", "9", "9"),
                json!({"type":"integer","format":"int16","exclusiveMinimum":0,"exclusiveMaximum":9}),
            ),
            (
                Kind::Int8,
                rules("1", "", "", ""),
                json!({"type":"integer","format":"int64","minimum":1}),
            ),
            (
                numeric.clone(),
                rules("0.5", "", "", ""),
                json!({"type":"number","minimum":0.5,"exclusiveMaximum":1000}),
            ),
            (
                numeric,
                rules("", "", "2000", ""),
                json!({"type":"number","exclusiveMinimum":-1000,"exclusiveMaximum":1000}),
            ),
        ] {
            assert_eq!(made(&kind, &rules), expected);
        }
    }

    #[test]
    fn patterns_that_only_rust_reads_are_left_out() {
        for (pattern, kept) in [
            ("^[a-z]+$", true),
            ("(?:a|b)", true),
            ("(?<year>[0-9]{4})", true),
            ("(?i)abc", false),
            (r"\Aabc\z", false),
            ("[[:alpha:]]", false),
        ] {
            assert_eq!(portable(pattern).is_some(), kept, "{pattern}");
        }
    }

    #[test]
    fn null_joins_types_enums_and_references() {
        let null = |schema: Value| Value::Object(nullable(schema.as_object().unwrap().clone()));
        assert_eq!(null(json!({"type":"string"})), json!({"type":["string","null"]}));
        assert_eq!(
            null(json!({"type":"string","enum":["a"]})),
            json!({"type":["string","null"],"enum":["a",null]})
        );
        assert_eq!(
            null(json!({"$ref":"#/a"})),
            json!({"anyOf":[{"$ref":"#/a"},{"type":"null"}]})
        );
        assert_eq!(null(json!({})), json!({}));
    }
}
