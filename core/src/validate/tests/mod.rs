//! Tables of cases, through the module's front door; here is what they share.

mod bodies;
mod parameters;
mod rules;
mod strings;
mod values;

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use super::{Bind, Model, body, filter_value, path_value, stored_row};
use crate::catalog::{Kind, PgType, QualifiedName, RelationKind};
use crate::contract::compile_rule;
use crate::contract::{
    Access, Decimal, Field, FieldRules, Format, JsonForm, Metric, Nearest, Normalize, PageLimits, Resource, Rule, Shape,
};
use crate::error::{Code, Step};
use crate::request::json::parse;
use crate::suggest::nearest;

fn pg_type(kind: Kind) -> PgType {
    PgType {
        sql: "…".to_owned(),
        base: "…".to_owned(),
        kind,
        domain_rules: Vec::new(),
    }
}

fn field(name: &str, kind: Kind) -> Field {
    Field {
        name: name.to_owned(),
        pg_type: pg_type(kind),
        nullable: false,
        optional: false,
        has_default: false,
        default: None,
        read_only: false,
        description: None,
        example: None,
        json: JsonForm::Number,
        rules: FieldRules::default(),
    }
}

const TEXT: Kind = Kind::Text { max_length: None };

fn nullable(mut field: Field) -> Field {
    (field.nullable, field.optional) = (true, true);
    field
}

fn defaulted(mut field: Field) -> Field {
    (field.has_default, field.optional) = (true, true);
    field
}

fn ruled(mut field: Field, change: impl FnOnce(&mut FieldRules)) -> Field {
    change(&mut field.rules);
    field
}

fn rule(expr: &str, loc: Option<&str>) -> Rule {
    let (program, fields) = compile_rule(expr).unwrap();
    Rule {
        expr: expr.to_owned(),
        loc: loc.map(str::to_owned),
        msg: format!("breaks {expr}"),
        fields,
        program,
        unset: OnceLock::new(),
    }
}

fn resource(fields: Vec<Field>, rules: Vec<Rule>) -> Resource {
    Resource {
        name: "things".to_owned(),
        path: "/api/things".to_owned(),
        file: "resources/things.toml".into(),
        table: QualifiedName::new("public", "things"),
        kind: RelationKind::Table,
        description: None,
        by_name: fields
            .iter()
            .enumerate()
            .map(|(index, f)| (f.name.clone(), index))
            .collect(),
        fields,
        key: vec![0],
        unique: Vec::new(),
        references: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        access: Access::default(),
        rules,
        nearest: Nearest::default(),
        page: PageLimits {
            default: 100,
            max: 1000,
            max_stream: 1_000_000,
            max_bytes: None,
            max_groups: None,
        },
        cost: crate::contract::Cost::default(),
        languages: Arc::default(),
        tenant: None,
        guarded: false,
        roles: Arc::default(),
        max_batch: 3,
        computed: Vec::new(),
    }
}

/// `id` identity, `email`, `name`, `note` nullable, `score` with a default.
fn leads(rules: Vec<Rule>) -> Resource {
    let mut id = defaulted(field("id", Kind::Int8));
    id.read_only = true;
    let email = ruled(field("email", TEXT), |r| {
        r.format = Some(Format::Email);
        r.normalize = vec![Normalize::Trim, Normalize::Lowercase];
    });
    let name = ruled(field("name", TEXT), |r| {
        (r.min_length, r.max_length) = (Some(1), Some(5))
    });
    let score = ruled(defaulted(field("score", Kind::Int4)), |r| {
        (r.ge, r.le) = (Decimal::parse("0"), Decimal::parse("100"));
    });
    let opened = defaulted(field("opened_at", Kind::TimestampTz));
    let closed = nullable(field("closed_at", Kind::TimestampTz));
    resource(
        vec![id, email, name, nullable(field("note", TEXT)), score, opened, closed],
        rules,
    )
}

/// The violations of a body as `[type, loc…, msg]`, each a line.
fn faults(resource: &Resource, model: Model, text: &str) -> Vec<String> {
    match body(resource, model, &parse(text.as_bytes()).unwrap()) {
        Ok(_) => Vec::new(),
        Err(error) => {
            assert_eq!(error.code(), Code::ValidationFailed);
            let line = |v: &crate::error::Violation| {
                let loc = serde_json::to_string(&v.loc).unwrap();
                format!("{} {} {}", v.kind, loc, v.msg)
            };
            error.violations().iter().map(line).collect()
        }
    }
}

/// What one value of a field becomes, or `type: message` of what is wrong with it.
fn value(field: Field, json: &str) -> Result<Bind, String> {
    let resource = resource(vec![field], Vec::new());
    let text = format!("{{\"{}\":{json}}}", resource.fields[0].name);
    match body(&resource, Model::Create, &parse(text.as_bytes()).unwrap()) {
        Ok(checked) => Ok(checked.rows[0].values[0].1.clone()),
        Err(error) => {
            let tell = |v: &crate::error::Violation| {
                let deeper: Vec<String> = v.loc[2..]
                    .iter()
                    .map(|step| serde_json::to_string(step).unwrap() + " ")
                    .collect();
                format!("{}{}: {}", deeper.concat(), v.kind, v.msg)
            };
            Err(error.violations().iter().map(tell).collect::<Vec<_>>().join(" | "))
        }
    }
}

#[track_caller]
fn table(field: &Field, cases: &[(&str, Result<&str, &str>)]) {
    for (json, expected) in cases {
        let got = value(field.clone(), json);
        let got = match &got {
            Ok(Bind::Text(text) | Bind::Json(text)) => Ok(text.as_str()),
            Ok(Bind::Null) => Ok("NULL"),
            Err(message) => Err(message.as_str()),
        };
        assert_eq!(got, *expected, "{} = {json}", field.name);
    }
}
