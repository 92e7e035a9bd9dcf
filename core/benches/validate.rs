//! Reading and checking the demo's lead body: parse, validate, and both. The figure to hold is 500,000 bodies
//! per second and core, that is 2 µs for both.

#![expect(clippy::unwrap_used, reason = "a bench may stop on what cannot be")]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::OnceLock;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use windlass_core::catalog::{Kind, PgType, QualifiedName, RelationKind};
use windlass_core::contract::compile_rule;
use windlass_core::contract::{
    Access, Decimal, Field, FieldRules, Format, JsonForm, Nearest, Normalize, PageLimits, Resource, Rule,
};
use windlass_core::request::json::parse;
use windlass_core::validate::{Model, body};

const BODY: &str = r#"{"email":"ada@example.com","name":"Ada Lovelace","company":"Analytical Engines","score":42,"tags":["a","b"],"meta":{"utm":"spring"}}"#;

/// How a column stands to NULL and to defaults.
enum Has {
    Nothing,
    Default,
    Null,
}

fn pg_type(sql: &str, kind: Kind) -> PgType {
    PgType {
        sql: sql.to_owned(),
        base: sql.to_owned(),
        kind,
        domain_rules: Vec::new(),
    }
}

fn field(name: &str, sql: &str, kind: Kind, has: &Has, rules: FieldRules) -> Field {
    Field {
        name: name.to_owned(),
        pg_type: pg_type(sql, kind),
        nullable: matches!(has, Has::Null),
        optional: !matches!(has, Has::Nothing),
        has_default: matches!(has, Has::Default),
        default: None,
        read_only: false,
        description: None,
        example: None,
        json: JsonForm::Number,
        rules,
    }
}

fn leads() -> Resource {
    let text = || Kind::Text { max_length: None };
    let none = FieldRules::default;
    let labels = ["new", "open", "won", "lost"].map(str::to_owned).to_vec();
    let mut id = field("id", "bigint", Kind::Int8, &Has::Default, none());
    id.read_only = true;
    let email = FieldRules {
        format: Some(Format::Email),
        normalize: vec![Normalize::Trim, Normalize::Lowercase],
        ..none()
    };
    let name = FieldRules {
        min_length: Some(1),
        max_length: Some(200),
        ..none()
    };
    let company = Kind::Text { max_length: Some(200) };
    let score = FieldRules {
        ge: Decimal::parse("0"),
        le: Decimal::parse("100"),
        ..none()
    };
    let tags = Kind::Array {
        item: Box::new(pg_type("text", text())),
    };
    let most = FieldRules {
        max_items: Some(20),
        ..none()
    };
    let phone = FieldRules {
        format: Some(Format::Phone),
        ..none()
    };
    let fields = vec![
        id,
        field("email", "text", text(), &Has::Nothing, email),
        field("name", "text", text(), &Has::Nothing, name),
        field("company", "character varying(200)", company, &Has::Null, none()),
        field(
            "status",
            "public.lead_status",
            Kind::Enum { labels },
            &Has::Default,
            none(),
        ),
        field("score", "integer", Kind::Int4, &Has::Default, score),
        field("tags", "text[]", tags, &Has::Default, most),
        field("meta", "jsonb", Kind::Jsonb, &Has::Default, none()),
        field("phone", "text", text(), &Has::Null, phone),
        field(
            "created_at",
            "timestamp with time zone",
            Kind::TimestampTz,
            &Has::Default,
            none(),
        ),
        field(
            "closed_at",
            "timestamp with time zone",
            Kind::TimestampTz,
            &Has::Null,
            none(),
        ),
    ];
    let expr = "!has(self.closed_at) || self.closed_at >= self.created_at";
    let (program, reads) = compile_rule(expr).unwrap();
    Resource {
        name: "leads".to_owned(),
        path: "/api/leads".to_owned(),
        file: PathBuf::from("resources/leads.toml"),
        table: QualifiedName::new("public", "leads"),
        kind: RelationKind::Table,
        description: None,
        by_name: fields
            .iter()
            .enumerate()
            .map(|(index, field)| (field.name.clone(), index))
            .collect(),
        fields,
        key: vec![0],
        unique: Vec::new(),
        references: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        access: Access::default(),
        rules: vec![Rule {
            expr: expr.to_owned(),
            loc: Some("closed_at".to_owned()),
            msg: "must not be before created_at".to_owned(),
            fields: reads,
            program,
            unset: OnceLock::new(),
        }],
        nearest: Nearest::default(),
        page: PageLimits {
            default: 100,
            max: 1000,
            max_stream: 1_000_000,
            max_bytes: None,
            max_groups: None,
        },
        cost: windlass_core::contract::Cost::default(),
        languages: std::sync::Arc::default(),
        tenant: None,
        guarded: false,
        roles: std::sync::Arc::default(),
        max_batch: 1000,
        computed: Vec::new(),
    }
}

fn lead(criterion: &mut Criterion) {
    let leads = leads();
    let dated = BODY.replacen(
        '{',
        r#"{"created_at":"2026-01-01T00:00:00Z","closed_at":"2026-02-01T00:00:00Z","#,
        1,
    );
    let parsed = parse(BODY.as_bytes()).unwrap();
    let mut group = criterion.benchmark_group("lead");
    group.throughput(Throughput::Elements(1));
    group.bench_function("parse", |bencher| bencher.iter(|| parse(black_box(BODY.as_bytes()))));
    group.bench_function("check", |bencher| {
        bencher.iter(|| body(&leads, Model::Create, black_box(&parsed)))
    });
    for (name, text) in [("both", BODY), ("both, with a rule to evaluate", dated.as_str())] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let parsed = parse(black_box(text.as_bytes())).unwrap();
                body(&leads, Model::Create, &parsed).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lead);
criterion_main!(benches);
