//! A field's type and rules in words, such as `text, email, at most 200 characters`.

use crate::catalog::{Kind, PgType};
use crate::contract::{Field, FieldRules, Format, JsonForm};

/// Most allowed words that are listed.
const LISTED: usize = 8;

/// The type with every rule.
pub(super) fn kind(field: &Field) -> String {
    let mut words = vec![type_of(&field.pg_type, &field.rules)];
    if field.json == JsonForm::String && field.pg_type.kind.is_number() {
        words.push("in a string".to_owned());
    }
    rules(&field.pg_type, &field.rules, &mut words);
    if field.read_only {
        words.push("set by the database".to_owned());
    }
    if let Some(default) = &field.default {
        words.push(format!("default {default}"));
    }
    words.join(", ")
}

/// The type alone.
pub(super) fn type_alone(field: &Field) -> String {
    type_of(&field.pg_type, &field.rules)
}

fn type_of(pg_type: &PgType, rules: &FieldRules) -> String {
    let vector = |word: &str, dimensions: &Option<u32>| match rules.dimensions.or(*dimensions) {
        Some(dimensions) => format!("{word} of {dimensions} numbers"),
        None => word.to_owned(),
    };
    match &pg_type.kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Int2 | Kind::Int4 | Kind::Int8 => "whole number".to_owned(),
        Kind::Float4 | Kind::Float8 => "number".to_owned(),
        Kind::Numeric {
            precision: Some(precision),
            scale,
        } => match scale.unwrap_or(0) {
            0 => format!("number of at most {precision} digits"),
            scale => format!("number of at most {precision} digits, {scale} of them after the point"),
        },
        Kind::Numeric { .. } => "exact number".to_owned(),
        Kind::Text { .. } => "text".to_owned(),
        Kind::Uuid => "UUID".to_owned(),
        Kind::Date => "date".to_owned(),
        Kind::Time => "time of day".to_owned(),
        Kind::TimeTz => "time of day with offset".to_owned(),
        Kind::Timestamp => "date and time".to_owned(),
        Kind::TimestampTz => "date and time with offset".to_owned(),
        Kind::Interval => "ISO 8601 duration".to_owned(),
        Kind::Bytea => "base64".to_owned(),
        Kind::Json | Kind::Jsonb => "JSON".to_owned(),
        Kind::Enum { labels } => one_of(rules.one_of.as_ref().unwrap_or(labels)),
        Kind::Array { item } => {
            let none = FieldRules::default();
            format!("list of {}", type_of(item, rules.items.as_deref().unwrap_or(&none)))
        }
        Kind::Vector { dimensions } | Kind::HalfVec { dimensions } => vector("vector", dimensions),
        Kind::SparseVec { dimensions } => vector("sparse vector", dimensions),
        Kind::Range | Kind::Other => format!("{} as text", pg_type.base),
    }
}

fn rules(pg_type: &PgType, rules: &FieldRules, words: &mut Vec<String>) {
    if let Some(format) = rules.format {
        words.push(
            match format {
                Format::Phone => "phone number (E.164)",
                other => other.as_str(),
            }
            .to_owned(),
        );
    }
    if let (Some(labels), false) = (&rules.one_of, matches!(pg_type.kind, Kind::Enum { .. })) {
        words.push(one_of(labels));
    }
    for (bound, phrase) in [
        (&rules.ge, "at least"),
        (&rules.gt, "greater than"),
        (&rules.le, "at most"),
        (&rules.lt, "less than"),
        (&rules.multiple_of, "a multiple of"),
    ] {
        words.extend(bound.as_ref().map(|bound| format!("{phrase} {bound}")));
    }
    let declared = match pg_type.kind {
        Kind::Text { max_length } => max_length,
        _ => None,
    };
    let most = [declared, rules.max_length].into_iter().flatten().min();
    words.extend(between(rules.min_length, most, "character"));
    words.extend(between(rules.min_items, rules.max_items, "item"));
    words.extend(rules.patterns.iter().map(|pattern| format!("matches {pattern}")));
    words.extend(
        rules
            .metric
            .map(|metric| format!("{} distance", metric.as_str().replace('_', " "))),
    );
    if rules.schema.is_some() {
        words.push("by its JSON Schema".to_owned());
    }
    if let (Some(inner), Kind::Array { item }) = (&rules.items, &pg_type.kind) {
        let mut each = Vec::new();
        self::rules(item, inner, &mut each);
        if !each.is_empty() {
            words.push(format!("each {}", each.join(" and ")));
        }
    }
}

fn between(least: Option<u32>, most: Option<u32>, noun: &str) -> Option<String> {
    let plural = |count: u32| {
        if count == 1 {
            noun.to_owned()
        } else {
            format!("{noun}s")
        }
    };
    match (least.filter(|least| *least > 0), most) {
        (Some(least), Some(most)) if least == most => Some(format!("exactly {most} {}", plural(most))),
        (Some(least), Some(most)) => Some(format!("{least} to {most} {}", plural(most))),
        (Some(least), None) => Some(format!("at least {least} {}", plural(least))),
        (None, Some(most)) => Some(format!("at most {most} {}", plural(most))),
        (None, None) => None,
    }
}

fn one_of(labels: &[String]) -> String {
    let shown: Vec<&str> = labels.iter().take(LISTED).map(String::as_str).collect();
    match labels {
        [only] => format!("always {only}"),
        _ if labels.len() > LISTED => format!("one of {} and {} more", shown.join(", "), labels.len() - LISTED),
        _ => format!("one of {}", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::fixture;

    #[test]
    fn every_kind_has_its_words() {
        let snapshot = fixture::snapshot();
        let of = |resource: &str, name: &str| {
            let resource = snapshot.resources.iter().find(|one| one.name == resource).unwrap();
            kind(resource.field(name).unwrap().1)
        };
        for (name, expected) in [
            ("id", "whole number, set by the database"),
            ("email", "text, email, at most 200 characters"),
            ("name", "text, 2 to 80 characters"),
            ("score", "whole number, at least 0, at most 100, default 0"),
            ("status", "one of new, open, won, default \"new\""),
            ("source", "always web"),
            ("plate", "text, matches ^[A-Z]{3}-[0-9]{4}$"),
            ("created_at", "date and time with offset"),
            ("meta", "JSON, by its JSON Schema"),
            ("embedding", "vector of 24 numbers, cosine distance"),
        ] {
            assert_eq!(of("leads", name), expected, "{name}");
        }
        for (name, expected) in [
            ("flag", "true or false"),
            ("small", "whole number, greater than 10, a multiple of 7"),
            ("big", "whole number, in a string, at least 5000000000"),
            (
                "price",
                "number of at most 6 digits, 2 of them after the point, at least 2.02, a multiple of 0.05",
            ),
            ("mails", "list of text, 2 to 5 items, each email"),
            ("numbers", "list of whole number"),
            ("during", "tstzrange as text"),
            ("phone", "text, phone number (E.164)"),
            ("select", "text, at most 3 characters"),
        ] {
            assert_eq!(of("kind_events", name), expected, "{name}");
        }
    }
}
