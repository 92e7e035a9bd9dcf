//! A column's default as JSON, where its SQL is a plain literal. Only the docs show it; the database fills it in.

use serde_json::Value;

use super::check_expr;
use super::overlay_parse::number;
use super::sql_expr::{self, Expr};
use crate::catalog::Kind;

/// The default's value; `None` for everything that is computed (`now()`, `nextval(…)`) and for types without a plain JSON form.
pub(super) fn literal(sql: &str, kind: &Kind) -> Option<Value> {
    let expr = sql_expr::parse(sql)?;
    if kind.is_number() {
        return number(&check_expr::number(&quoted_number(expr))?);
    }
    let text = text(&expr);
    match kind {
        Kind::Bool => match expr {
            Expr::Bool(flag) => Some(Value::Bool(flag)),
            _ => match text? {
                "t" | "true" => Some(Value::Bool(true)),
                "f" | "false" => Some(Value::Bool(false)),
                _ => None,
            },
        },
        Kind::Text { .. } | Kind::Enum { .. } | Kind::Uuid => text.map(Value::from),
        Kind::Json | Kind::Jsonb => serde_json::from_str(text?).ok(),
        Kind::Array { .. } => {
            let empty = match uncast(&expr) {
                Expr::Array(items) => items.is_empty(),
                Expr::Text(text) => text == "{}",
                _ => false,
            };
            empty.then(|| Value::Array(Vec::new()))
        }
        _ => None,
    }
}

/// A default typed in as `'0'` is a string without a cast.
fn quoted_number(expr: Expr) -> Expr {
    match expr {
        Expr::Text(_) => Expr::Cast(Box::new(expr), "numeric".to_owned()),
        other => other,
    }
}

fn uncast(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(inner, _) => uncast(inner),
        plain => plain,
    }
}

/// The string under casts; one to a limited length would cut it.
fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Text(text) => Some(text),
        Expr::Cast(inner, to) if !to.contains('(') => text(inner),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::PgType;

    #[test]
    fn literals_alone_have_a_value() {
        let text = Kind::Text { max_length: None };
        let array = Kind::Array {
            item: Box::new(PgType {
                sql: "text".to_owned(),
                base: "text".to_owned(),
                kind: text.clone(),
                domain_rules: Vec::new(),
            }),
        };
        let label = Kind::Enum {
            labels: vec!["new".to_owned()],
        };
        let numeric = Kind::Numeric {
            precision: None,
            scale: None,
        };
        for (sql, kind, expected) in [
            ("'new'::public.lead_status", &label, Some(r#""new""#)),
            ("'it''s'::text", &text, Some(r#""it's""#)),
            ("''::character varying", &text, Some(r#""""#)),
            ("0", &Kind::Int4, Some("0")),
            ("'-1'::integer", &Kind::Int4, Some("-1")),
            ("'-1.5'::numeric", &numeric, Some("-1.5")),
            ("(0)::numeric", &numeric, Some("0")),
            ("0.1", &Kind::Float8, Some("0.1")),
            ("'9007199254740993'::bigint", &Kind::Int8, Some("9007199254740993")),
            ("0.12345678901234567890", &numeric, None),
            ("true", &Kind::Bool, Some("true")),
            ("'{}'::text[]", &array, Some("[]")),
            ("ARRAY[]::text[]", &array, Some("[]")),
            ("'{a}'::text[]", &array, None),
            ("'{}'::jsonb", &Kind::Jsonb, Some("{}")),
            (r#"'{"a": [1]}'::jsonb"#, &Kind::Jsonb, Some(r#"{"a":[1]}"#)),
            ("now()", &Kind::TimestampTz, None),
            ("nextval('public.a_id_seq'::regclass)", &Kind::Int4, None),
            ("NULL::text", &text, None),
            ("upper('a'::text)", &text, None),
            ("CURRENT_USER", &text, None),
            ("'abc'::character varying(2)", &text, None),
        ] {
            let found = literal(sql, kind).map(|value| value.to_string());
            assert_eq!(found.as_deref(), expected, "{sql}");
        }
    }
}
