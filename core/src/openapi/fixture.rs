//! A snapshot made by hand: every kind of column, every rule, a composite key, open and closed verbs.

mod functions;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use regex::Regex;
use serde_json::{Value, json};

use crate::catalog::{Kind, PgType, QualifiedName, RelationKind};
use crate::contract::{
    Access, Contracts, Decimal, Field, FieldRules, Format, Grant, JsonForm, Metric, Nearest, Normalize, PageLimits,
    Resource, Rule, Shape, Snapshot,
};

pub(super) fn field(name: &str, sql: &str, kind: Kind) -> Field {
    Field {
        name: name.to_owned(),
        pg_type: PgType {
            sql: sql.to_owned(),
            base: sql.to_owned(),
            kind,
            domain_rules: Vec::new(),
        },
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

fn text(name: &str, rules: FieldRules) -> Field {
    Field {
        rules,
        ..field(name, "text", Kind::Text { max_length: None })
    }
}

fn formed(name: &str, format: Format) -> Field {
    text(
        name,
        FieldRules {
            format: Some(format),
            ..FieldRules::default()
        },
    )
}

fn nullable(field: Field) -> Field {
    Field {
        nullable: true,
        optional: true,
        ..field
    }
}

fn plain(sql: &str, kind: Kind) -> Box<PgType> {
    Box::new(PgType {
        sql: sql.to_owned(),
        base: sql.to_owned(),
        kind,
        domain_rules: Vec::new(),
    })
}

fn decimal(text: &str) -> Option<Decimal> {
    Some(Decimal::parse(text).unwrap())
}

fn shape(source: Value) -> Option<Shape> {
    let validator = Arc::new(jsonschema::validator_for(&source).unwrap());
    Some(Shape {
        source: Arc::new(source),
        validator,
    })
}

pub(super) fn resource(name: &str, fields: Vec<Field>, key: &[&str]) -> Resource {
    let by_name: HashMap<String, usize> = fields.iter().enumerate().map(|(i, f)| (f.name.clone(), i)).collect();
    Resource {
        name: name.to_owned(),
        path: format!("/api/{name}"),
        file: format!("resources/{name}.toml").into(),
        table: QualifiedName::new("public", name),
        kind: RelationKind::Table,
        description: None,
        key: key.iter().map(|name| by_name[*name]).collect(),
        by_name,
        fields,
        unique: Vec::new(),
        references: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        access: Access {
            read: Some(vec![Grant::Public]),
            create: Some(vec![Grant::Public]),
            update: Some(vec![Grant::Public]),
            delete: Some(vec![Grant::Public]),
        },
        rules: Vec::new(),
        nearest: Nearest::default(),
        page: PageLimits {
            default: 50,
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
        max_batch: 500,
        computed: Vec::new(),
    }
}

fn rule(expr: &str, loc: &str, msg: &str, fields: &[&str]) -> Rule {
    Rule {
        expr: expr.to_owned(),
        loc: Some(loc.to_owned()),
        msg: msg.to_owned(),
        fields: fields.iter().map(|&name| name.to_owned()).collect(),
        program: Arc::new(cel::Program::compile(expr).unwrap()),
        unset: OnceLock::new(),
    }
}

fn leads() -> Resource {
    let fields = vec![
        Field {
            read_only: true,
            optional: true,
            ..field("id", "bigint", Kind::Int8)
        },
        Field {
            description: Some("Where to write to.".to_owned()),
            ..text(
                "email",
                FieldRules {
                    format: Some(Format::Email),
                    normalize: vec![Normalize::Trim, Normalize::Lowercase],
                    max_length: Some(200),
                    ..FieldRules::default()
                },
            )
        },
        Field {
            rules: FieldRules {
                min_length: Some(2),
                max_length: Some(80),
                ..FieldRules::default()
            },
            ..field("name", "character varying(100)", Kind::Text { max_length: Some(100) })
        },
        Field {
            optional: true,
            has_default: true,
            default: Some(json!(0)),
            rules: FieldRules {
                ge: decimal("0"),
                le: decimal("100"),
                ..FieldRules::default()
            },
            ..field("score", "smallint", Kind::Int2)
        },
        Field {
            optional: true,
            has_default: true,
            default: Some(json!("new")),
            ..field(
                "status",
                "public.lead_status",
                Kind::Enum {
                    labels: ["new", "open", "won"].map(str::to_owned).to_vec(),
                },
            )
        },
        nullable(text(
            "plate",
            FieldRules {
                patterns: vec![Regex::new("^[A-Z]{3}-[0-9]{4}$").unwrap()],
                ..FieldRules::default()
            },
        )),
        nullable(Field {
            example: Some(json!("ABC")),
            ..text(
                "code",
                FieldRules {
                    patterns: vec![
                        Regex::new("^[A-Z]+$").unwrap(),
                        Regex::new("(?i)^a").unwrap(),
                        Regex::new("^.{3}$").unwrap(),
                    ],
                    ..FieldRules::default()
                },
            )
        }),
        nullable(field(
            "source",
            "public.source",
            Kind::Enum {
                labels: vec!["web".to_owned()],
            },
        )),
        Field {
            optional: true,
            has_default: true,
            ..field("created_at", "timestamp with time zone", Kind::TimestampTz)
        },
        nullable(field("closed_at", "timestamp with time zone", Kind::TimestampTz)),
        nullable(Field {
            rules: FieldRules {
                schema: shape(json!({
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "type": "object",
                    "properties": { "utm": { "$ref": "#/$defs/word" }, "visits": { "type": "integer", "minimum": 3 } },
                    "required": ["utm"],
                    "additionalProperties": false,
                    "$defs": { "word": { "type": "string", "examples": ["spring"] } }
                })),
                ..FieldRules::default()
            },
            ..field("meta", "jsonb", Kind::Jsonb)
        }),
        nullable(Field {
            rules: FieldRules {
                dimensions: Some(24),
                metric: Some(Metric::Cosine),
                ..FieldRules::default()
            },
            ..field("embedding", "vector(24)", Kind::Vector { dimensions: Some(24) })
        }),
        Field {
            read_only: true,
            optional: true,
            ..field("domain", "text", Kind::Text { max_length: None })
        },
    ];
    let mut leads = resource("leads", fields, &["id"]);
    leads.description = Some("People who may become customers.".to_owned());
    leads.access.read = Some(vec![Grant::Scope("leads.read".to_owned())]);
    leads.access.delete = None;
    let expr = "!has(self.closed_at) || self.closed_at > self.created_at";
    leads.rules = vec![rule(
        expr,
        "closed_at",
        "must be after created_at",
        &["closed_at", "created_at"],
    )];
    leads
}

fn kinds() -> Resource {
    let numeric = Kind::Numeric {
        precision: Some(6),
        scale: Some(2),
    };
    let list = |sql: &str, kind: Kind| Kind::Array { item: plain(sql, kind) };
    let items = FieldRules {
        format: Some(Format::Email),
        ..FieldRules::default()
    };
    let fields = vec![
        field("lead_id", "bigint", Kind::Int8),
        field("seq", "integer", Kind::Int4),
        field("flag", "boolean", Kind::Bool),
        Field {
            rules: FieldRules {
                gt: decimal("10"),
                multiple_of: decimal("7"),
                ..FieldRules::default()
            },
            ..field("small", "smallint", Kind::Int2)
        },
        Field {
            json: JsonForm::String,
            rules: FieldRules {
                ge: decimal("5000000000"),
                ..FieldRules::default()
            },
            ..field("big", "bigint", Kind::Int8)
        },
        Field {
            rules: FieldRules {
                gt: decimal("0"),
                lt: decimal("1"),
                ..FieldRules::default()
            },
            ..field("ratio", "real", Kind::Float4)
        },
        field("double", "double precision", Kind::Float8),
        Field {
            rules: FieldRules {
                multiple_of: decimal("0.05"),
                ge: decimal("2.02"),
                ..FieldRules::default()
            },
            ..field("price", "numeric(6,2)", numeric)
        },
        field(
            "exact",
            "numeric",
            Kind::Numeric {
                precision: None,
                scale: None,
            },
        ),
        field("uuid", "uuid", Kind::Uuid),
        field("day", "date", Kind::Date),
        field("clock", "time", Kind::Time),
        field("clock_tz", "timetz", Kind::TimeTz),
        field("moment", "timestamp", Kind::Timestamp),
        field("moment_tz", "timestamptz", Kind::TimestampTz),
        field("span", "interval", Kind::Interval),
        field("raw", "bytea", Kind::Bytea),
        field("doc", "json", Kind::Json),
        nullable(field("docb", "jsonb", Kind::Jsonb)),
        Field {
            rules: FieldRules {
                min_items: Some(2),
                max_items: Some(5),
                items: Some(Box::new(items)),
                ..FieldRules::default()
            },
            ..field("mails", "text[]", list("text", Kind::Text { max_length: None }))
        },
        nullable(field("numbers", "integer[]", list("integer", Kind::Int4))),
        field("half", "halfvec(3)", Kind::HalfVec { dimensions: Some(3) }),
        field("sparse", "sparsevec(5)", Kind::SparseVec { dimensions: Some(5) }),
        field("during", "tstzrange", Kind::Range),
        field("address", "inet", Kind::Other),
        nullable(field("strange", "pg_lsn", Kind::Other)),
        formed("uri", Format::Uri),
        formed("hostname", Format::Hostname),
        formed("ipv4", Format::Ipv4),
        formed("ipv6", Format::Ipv6),
        formed("phone", Format::Phone),
        formed("time_text", Format::Time),
        formed("duration", Format::Duration),
        nullable(field("select", "text", Kind::Text { max_length: Some(3) })),
        nullable(field("größe", "integer", Kind::Int4)),
    ];
    resource("kind_events", fields, &["lead_id", "seq"])
}

/// Two tables, a view, and functions.
pub(crate) fn snapshot() -> Snapshot {
    let mut view = resource(
        "busy-leads",
        vec![nullable(field("email", "text", Kind::Text { max_length: None }))],
        &[],
    );
    view.kind = RelationKind::View;
    view.access = Access {
        read: Some(vec![Grant::Public]),
        ..Access::default()
    };
    let all = [leads(), kinds(), view].map(Arc::new);
    let contracts = Contracts {
        resources: all.to_vec(),
        functions: functions::all(),
        sql_routes: Vec::new(),
    };
    Snapshot::new("Sample".to_owned(), "1.2.3".to_owned(), contracts)
}
