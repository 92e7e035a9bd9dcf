//! Rules across fields.

use super::*;

const ORDER: &str = "!has(self.closed_at) || self.closed_at >= self.opened_at";

#[test]
fn rules_are_decided_as_far_as_the_body_reaches() {
    let rest = r#""email":"a@example.com","name":"A""#;
    // What the rule gives on create, and on update, for a part of a body.
    for (expr, part, create, update) in [
        (ORDER, "", Ok(false), Ok(false)),
        (ORDER, r#""closed_at":null"#, Ok(false), Ok(false)),
        (ORDER, r#""opened_at":"2024-01-01T00:00:00Z""#, Ok(false), Ok(true)),
        (ORDER, r#""closed_at":"2024-01-01T00:00:00Z""#, Ok(true), Ok(true)),
        (
            ORDER,
            r#""opened_at":"2024-01-01T00:00:00Z","closed_at":"2024-01-01T01:00:00+01:00""#,
            Ok(false),
            Ok(false),
        ),
        (
            ORDER,
            r#""opened_at":"2024-01-01T00:00:00Z","closed_at":"2024-01-01T01:00:00+02:00""#,
            Err(()),
            Err(()),
        ),
        // Nothing named, and yet it can be judged: both would be null.
        ("has(self.note) || has(self.closed_at)", "", Err(()), Ok(false)),
        (
            "has(self.note) || has(self.closed_at)",
            r#""note":"x""#,
            Ok(false),
            Ok(false),
        ),
        (
            "has(self.note) || has(self.closed_at)",
            r#""note":null"#,
            Err(()),
            Ok(true),
        ),
        ("has(self.opened_at)", "", Ok(true), Ok(false)),
        ("self.score > 10 && self.name != 'A'", "", Err(()), Err(())),
        ("self.score > 10 && self.name == 'A'", "", Ok(true), Ok(true)),
        ("self['name'].size() == 1", "", Ok(false), Ok(false)),
        ("self.email.matches('@example[.]com$')", "", Ok(false), Ok(false)),
        // A rule that fails, or gives no boolean, is broken.
        ("self.note > 'a'", "", Err(()), Ok(false)),
        ("self.name", "", Err(()), Err(())),
    ] {
        let resource = leads(vec![rule(expr, Some("note"))]);
        let text = if part.is_empty() {
            format!("{{{rest}}}")
        } else {
            format!("{{{rest},{part}}}")
        };
        for (model, expected) in [
            (Model::Create, create),
            (Model::Update, update),
            (Model::Create, create),
        ] {
            let got = body(&resource, model, &parse(text.as_bytes()).unwrap());
            match (&got, expected) {
                (Ok(checked), Ok(deferred)) => {
                    assert_eq!(checked.rows[0].deferred, deferred, "{model:?} {expr} {text}")
                }
                (Err(error), Err(())) => {
                    assert_eq!(error.violations()[0].kind, "value_error");
                    assert_eq!(error.violations()[0].loc, [Step::from("body"), Step::from("note")]);
                    assert_eq!(error.violations()[0].msg, format!("breaks {expr}"));
                }
                _ => panic!("{model:?} {expr} {text}: {got:?}"),
            }
        }
    }
    // A field that is wrong by itself is not judged again by a rule.
    let resource = leads(vec![rule(ORDER, None)]);
    let text = r#"{"closed_at":"soon","opened_at":"2024-01-01T00:00:00Z"}"#;
    assert_eq!(faults(&resource, Model::Update, text).len(), 1);
}

#[test]
fn stored_rows_are_judged_whole() {
    let resource = leads(vec![rule(ORDER, Some("closed_at")), rule("self.score <= 100", None)]);
    let judge = |row: Value| {
        let found = stored_row(&resource, &row, &["body".into(), 2.into()]);
        found
            .iter()
            .map(|v| serde_json::to_string(&v.loc).unwrap())
            .collect::<Vec<_>>()
    };
    let row = |closed: Value, score: i64| json!({"opened_at": "2024-01-01T00:00:00+00:00", "closed_at": closed, "score": score});
    assert!(judge(row(Value::Null, 5)).is_empty());
    assert!(judge(row(json!("2024-01-02T00:00:00.5+00:00"), 5)).is_empty());
    assert!(judge(row(json!("infinity"), 5)).is_empty());
    assert_eq!(
        judge(row(json!("2023-01-02T00:00:00+00:00"), 500)),
        [r#"["body",2,"closed_at"]"#, r#"["body",2]"#]
    );
}

#[test]
fn kinds_in_rules() {
    let of = |kind: Kind| Kind::Array {
        item: Box::new(pg_type(kind)),
    };
    for (kind, json, expr) in [
        (
            Kind::Interval,
            r#""P1DT1H""#,
            "self.x > duration('24h') && self.x < duration('26h')",
        ),
        (Kind::Interval, r#""P1M""#, "self.x == duration('720h')"),
        (
            Kind::Date,
            r#""2024-05-01""#,
            "self.x < timestamp('2024-05-02T00:00:00Z') && self.x.getFullYear() == 2024",
        ),
        (
            Kind::Numeric {
                precision: None,
                scale: None,
            },
            "1.5",
            "self.x > 1 && self.x < 2",
        ),
        (Kind::Int8, "1e1", "self.x == 10 && self.x % 3 == 1"),
        (of(TEXT), r#"["a","b"]"#, "self.x.all(t, size(t) == 1) && 'a' in self.x"),
        (of(Kind::Int4), "[[1,2],[3,4]]", "self.x[1][0] == 3"),
        (
            Kind::Jsonb,
            r#"{"a":{"b":[1,2.5,null]}}"#,
            "self.x.a.b[0] == 1 && has(self.x.a) && !has(self.x.c)",
        ),
        (
            Kind::Vector { dimensions: None },
            "[1,2]",
            "self.x.size() == 2 && self.x[1] == 2.0",
        ),
        (Kind::Bytea, r#""aGk=""#, "size(self.x) == 2"),
        (Kind::Bool, "true", "self.x"),
        (
            Kind::Uuid,
            r#""0195e7a0-0000-7000-8000-00000000000a""#,
            "self.x.startsWith('0195')",
        ),
    ] {
        let resource = resource(vec![field("x", kind)], vec![rule(expr, None)]);
        assert_eq!(
            faults(&resource, Model::Create, &format!("{{\"x\":{json}}}")),
            [""; 0],
            "{expr}"
        );
    }
}

#[test]
fn rules_that_cannot_be() {
    let (_, fields) = compile_rule("self.b > 1 && has(self.a) && self['c'].exists(x, x == self.b)").unwrap();
    assert_eq!(fields, ["b", "a", "c"]);
    for (expr, part) in [
        ("self.a >", "not a CEL expression: line 1, column "),
        ("a > 1", "`a` is not known here; a field is written `self.a`"),
        ("size(self) > 1", "`self` stands for the row"),
        ("self[self.a] == 1", "`self` stands for the row"),
        ("1 == 1", "it reads no field"),
        ("frobnicate(self.a)", "there is no function `frobnicate`"),
        ("self.a.frobnicate()", "there is no function `frobnicate`"),
    ] {
        let reason = compile_rule(expr).unwrap_err();
        assert!(reason.starts_with(part), "{expr}: {reason}");
    }
    for good in [
        "self.a.getFullYear() > 1",
        "int(self.a) > 1",
        "type(self.a) == int",
        "self.a.map(x, x + 1).size() > 0",
    ] {
        assert!(compile_rule(good).is_ok(), "{good}");
    }
}
