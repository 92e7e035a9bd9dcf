use super::*;
use crate::catalog::{
    Argument, Check, Column, DomainRule, Function, Identity, Kind, PgType, QualifiedName, Relation, RelationKind,
    Returned, RowSecurity, UniqueKey,
};
use crate::contract::{Decimal, Format, Grant, JsonForm, Metric, Verb};

fn typed(sql: &str, kind: Kind) -> PgType {
    PgType {
        sql: sql.to_owned(),
        base: sql.to_owned(),
        kind,
        domain_rules: Vec::new(),
    }
}

fn column(name: &str, pg_type: PgType) -> Column {
    Column {
        name: name.to_owned(),
        pg_type,
        nullable: false,
        default: None,
        identity: None,
        generated: false,
        updatable: true,
        comment: None,
    }
}

fn text(max_length: Option<u32>) -> PgType {
    let sql = max_length.map_or_else(|| "text".to_owned(), |n| format!("character varying({n})"));
    typed(&sql, Kind::Text { max_length })
}

fn check(name: &str, column: &str, definition: &str) -> Check {
    Check {
        name: name.to_owned(),
        columns: vec![column.to_owned()],
        definition: definition.to_owned(),
    }
}

fn relation(name: &str, kind: RelationKind, columns: Vec<Column>) -> Relation {
    let is_table = kind == RelationKind::Table;
    Relation {
        name: QualifiedName::new("public", name),
        kind,
        comment: Some(format!("All {name}.")),
        columns,
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        vector_indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        indexes: Vec::new(),
        security: RowSecurity::default(),
        insertable: is_table,
        updatable: is_table,
        deletable: is_table,
    }
}

fn catalog() -> Catalog {
    let mut id = column("id", typed("bigint", Kind::Int8));
    id.identity = Some(Identity::Always);
    let mut score = column("score", typed("integer", Kind::Int4));
    score.default = Some("0".to_owned());
    let mut slug = column("slug", text(None));
    slug.pg_type.sql = "public.slug".to_owned();
    slug.pg_type.domain_rules.push(DomainRule {
        name: "slug_form".to_owned(),
        definition: "CHECK ((VALUE ~ '^[a-z]+$'::text))".to_owned(),
    });
    let mut tags = column(
        "tags",
        typed(
            "text[]",
            Kind::Array {
                item: Box::new(text(None)),
            },
        ),
    );
    tags.default = Some("'{}'::text[]".to_owned());
    let mut note = column("note", text(None));
    note.nullable = true;
    note.comment = Some("From the database.".to_owned());
    let mut total = column(
        "total",
        typed(
            "numeric",
            Kind::Numeric {
                precision: None,
                scale: None,
            },
        ),
    );
    total.generated = true;
    let mut meta = column("meta", typed("jsonb", Kind::Jsonb));
    meta.default = Some("'{}'::jsonb".to_owned());
    let mut status = column(
        "status",
        typed(
            "public.lead_status",
            Kind::Enum {
                labels: ["new", "open", "lost"].map(str::to_owned).to_vec(),
            },
        ),
    );
    status.default = Some("'new'::public.lead_status".to_owned());
    let mut embedding = column(
        "embedding",
        typed("public.vector(3)", Kind::Vector { dimensions: Some(3) }),
    );
    embedding.nullable = true;
    let mut leads = relation(
        "leads",
        RelationKind::Table,
        vec![
            id,
            column("email", text(Some(200))),
            score,
            slug,
            tags,
            note,
            total,
            meta,
            status,
            embedding,
        ],
    );
    leads.primary_key = vec!["id".to_owned()];
    leads.unique_keys = [("leads_pkey", "id", true), ("leads_email_key", "email", false)]
        .map(|(name, column, primary)| UniqueKey {
            name: name.to_owned(),
            columns: vec![column.to_owned()],
            leading: Some(column.to_owned()),
            primary,
            constraint: true,
            definition: String::new(),
        })
        .to_vec();
    leads.checks = vec![
        check(
            "leads_score_check",
            "score",
            "CHECK (((score >= 0) AND (score <= 100)))",
        ),
        check("leads_tags_check", "tags", "CHECK ((cardinality(tags) <= 10))"),
    ];
    let totals = relation(
        "totals",
        RelationKind::View,
        vec![
            column("day", typed("date", Kind::Date)),
            column("n", typed("bigint", Kind::Int8)),
        ],
    );
    let relations = [leads, totals].map(|relation| (relation.name.clone(), relation));
    Catalog {
        languages: std::sync::Arc::default(),
        relations: relations.into_iter().collect(),
        pgvector: Some((0, 8)),
        ..Catalog::default()
    }
}

fn files(path: &Path) -> Result<String, String> {
    match path.to_str() {
        Some("resources/schemas/meta.json") => {
            Ok(r#"{"type": "object", "properties": {"when": {"format": "date"}}}"#.to_owned())
        }
        Some("resources/schemas/remote.json") => Ok(r#"{"$ref": "https://example.com/s.json"}"#.to_owned()),
        Some("resources/schemas/broken.json") => Ok("{".to_owned()),
        Some("resources/schemas/wrong.json") => Ok(r#"{"type": "objekt"}"#.to_owned()),
        _ => Err("no such file".to_owned()),
    }
}

fn read_as(name: &str, text: &str) -> Result<Resource, String> {
    let file = Path::new("resources").join(format!("{name}.toml"));
    read_resource(&file, text, &catalog(), &files).map_err(|found| {
        let lines: Vec<String> = found
            .iter()
            .map(|d| {
                format!("{d:#}")
                    .replace("\n  help:", " |")
                    .replace(&*file.to_string_lossy(), "")
            })
            .collect();
        lines.join("\n")
    })
}

fn read(text: &str) -> Result<Resource, String> {
    read_as("leads", text)
}

#[test]
fn computed_relations_are_functions_that_only_read_rows_of_the_table() {
    let function = |name: &str, row_of: &str, returns: Returned| Function {
        name: QualifiedName::new("public", name),
        signature: String::new(),
        arguments: vec![Argument {
            name: "row".to_owned(),
            pg_type: typed(row_of, Kind::Other),
            row_of: Some(QualifiedName::new("public", row_of)),
            pseudo: false,
            variadic: false,
            default: None,
        }],
        reads: name != "writes",
        set: true,
        single: name == "newest",
        returns,
        comment: None,
    };
    let leads = || Returned::Relation(QualifiedName::new("public", "leads"));
    let mut catalog = catalog();
    for function in [
        function("like", "leads", leads()),
        function("newest", "leads", leads()),
        function("other", "totals", leads()),
        function("value", "leads", Returned::Value(text(None))),
        function("writes", "leads", leads()),
    ] {
        catalog.functions.insert(function.name.clone(), vec![function]);
    }
    let read = |text: &str| read_resource(Path::new("resources/leads.toml"), text, &catalog, &files);
    let computed = read("computed = ['like', 'public.newest']").unwrap().computed;
    let told: Vec<_> = computed.iter().map(|c| (c.function.name.as_str(), c.many)).collect();
    assert_eq!(told, [("like", true), ("newest", false)]);
    for (text, wanted) in [
        ("computed = ['lke']", ":1:13: there is no function `public.lke`"),
        (
            "computed = ['like', 'other']",
            ":1:21: `other` does not take a row of `public.leads`",
        ),
        (
            "computed = ['value']",
            ":1:13: `value` does not return rows of a table or view",
        ),
        (
            "computed = ['writes']",
            ":1:13: `writes` is volatile: a read could change something",
        ),
        ("computed = ['like', 'public.like']", ":1:21: `like` is named twice"),
    ] {
        let found: Vec<String> = read(text).unwrap_err().iter().map(|d| format!("{d:#}")).collect();
        assert!(
            matches!(found.as_slice(), [one] if one.contains(wanted)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn an_empty_file_gives_what_the_catalog_says_and_opens_nothing() {
    let leads = read("").unwrap();
    assert_eq!(
        (leads.path.as_str(), leads.table.to_string().as_str()),
        ("/api/leads", "public.leads")
    );
    assert_eq!(leads.description.as_deref(), Some("All leads."));
    assert_eq!(
        (leads.page.default, leads.page.max, leads.max_batch),
        (50, 1000, 10_000)
    );
    assert_eq!(leads.key, [0]);
    for verb in [Verb::Read, Verb::Create, Verb::Update, Verb::Delete] {
        assert!(leads.access.of(verb).is_none());
    }
    let field = |name: &str| leads.field(name).unwrap().1;
    assert!(field("id").read_only && field("id").optional);
    assert!(field("total").read_only && field("total").optional);
    assert!(!field("email").optional && field("email").rules.max_length == Some(200));
    assert_eq!(field("score").default, Some(0.into()));
    assert_eq!(field("score").rules.le, Some(Decimal::from(100)));
    assert_eq!(field("slug").rules.patterns[0].as_str(), "^[a-z]+$");
    assert_eq!(field("tags").rules.max_items, Some(10));
    assert_eq!(field("tags").default, Some(serde_json::json!([])));
    assert_eq!(field("meta").default, Some(serde_json::json!({})));
    assert_eq!(field("status").default, Some("new".into()));
    assert_eq!(field("status").rules.one_of.as_ref().unwrap().len(), 3);
    assert_eq!(field("embedding").rules.dimensions, Some(3));
    assert_eq!(field("note").description.as_deref(), Some("From the database."));
    let checks: Vec<_> = leads
        .checks
        .iter()
        .map(|c| (c.constraint.as_str(), c.fields.as_slice()))
        .collect();
    assert_eq!(
        checks,
        [
            ("leads_score_check", &[2][..]),
            ("leads_tags_check", &[4]),
            ("slug_form", &[3])
        ]
    );
}

#[test]
fn an_overlay_adds_and_narrows() {
    let leads = read_as(
        "people",
        r#"
        table = "leads"
        path = "/v1/people"
        description = "People."
        hidden = ["note"]
        max_batch = 5
        [access]
        read = ["scope:leads.read", "role:admin"]
        create = ["public"]
        update = ["authenticated"]
        [page]
        max = 20
        [fields.email]
        description = "Where to write."
        format = "email"
        normalize = ["trim", "lowercase"]
        max_length = 100
        pattern = '\.org$'
        example = "ada@example.org"
        [fields.id]
        json = "string"
        [fields.score]
        gt = 0
        le = 1e1
        multiple_of = 5
        [fields.tags]
        max_items = 3
        items = { min_length = 1, enum = ["a", "b"] }
        [fields.status]
        enum = ["new", "open"]
        read_only = true
        [fields.embedding]
        dimensions = 3
        metric = "cosine"
        [fields.meta]
        schema = "schemas/meta.json"
        example = { a = [1, 2.5, true] }
        [[rules]]
        expr = "self.score > 50 || size(self.tags) > 0"
        loc = "score"
        msg = "must be high without tags"
        "#,
    )
    .unwrap();
    assert_eq!(
        (leads.name.as_str(), leads.path.as_str(), leads.max_batch),
        ("people", "/v1/people", 5)
    );
    assert_eq!(
        (leads.page.default, leads.page.max, leads.page.max_stream),
        (20, 20, 1_000_000)
    );
    assert!(leads.field("note").is_none());
    assert_eq!(
        leads.access.of(Verb::Read),
        Some(&[Grant::Scope("leads.read".to_owned()), Grant::Role("admin".to_owned())][..])
    );
    assert!(leads.access.of(Verb::Delete).is_none());
    let field = |name: &str| leads.field(name).unwrap().1;
    let email = field("email");
    assert_eq!(
        (email.rules.format, email.rules.max_length),
        (Some(Format::Email), Some(100))
    );
    assert_eq!((email.rules.normalize.len(), email.rules.patterns.len()), (2, 1));
    assert_eq!(field("id").json, JsonForm::String);
    let score = &field("score").rules;
    assert_eq!((&score.ge, &score.gt), (&None, &Some(Decimal::from(0))));
    assert_eq!(
        (&score.le, &score.multiple_of),
        (&Some(Decimal::from(10)), &Some(Decimal::from(5)))
    );
    let tags = &field("tags").rules;
    assert_eq!(
        (tags.max_items, tags.items.as_ref().unwrap().min_length),
        (Some(3), Some(1))
    );
    assert!(field("status").read_only && field("status").rules.one_of.as_ref().unwrap().len() == 2);
    assert_eq!(field("embedding").rules.metric, Some(Metric::Cosine));
    let shape = field("meta").rules.schema.as_ref().unwrap();
    assert!(shape.validator.is_valid(&serde_json::json!({"when": "2026-01-01"})));
    assert!(!shape.validator.is_valid(&serde_json::json!({"when": "soon"})));
    assert_eq!(field("meta").example, Some(serde_json::json!({"a": [1, 2.5, true]})));
    assert_eq!(leads.rules[0].fields, ["score", "tags"]);
}

#[test]
fn a_view_has_the_key_it_is_given() {
    let view = read_as("totals", "key = ['day']\n[access]\nread = ['public']").unwrap();
    assert_eq!((view.key.as_slice(), view.kind), (&[0][..], RelationKind::View));
    assert!(read_as("totals", "").unwrap().key.is_empty());
    assert_eq!(read("key = ['email']").unwrap().key, [1]);
    assert_eq!(read("hidden = ['id']\nkey = ['email']").unwrap().key, [0]);
}

#[test]
fn every_mistake_has_its_place() {
    let cases = [
        ("tabel = 'leads'", ":1:1: unknown key `tabel` | did you mean `table`?"),
        ("table = 1", ":1:9: `table` takes a string"),
        (
            "table = 'leeds'",
            ":1:9: there is no table or view `public.leeds` | did you mean `public.leads`?",
        ),
        (
            "table = 'crm.leads'",
            ":1:9: there is no table or view `crm.leads` | did you mean `public.leads`?",
        ),
        ("table = 'zzzzzzzz'", "| there is `public.leads`, `public.totals`"),
        ("a = ", ":1:5: not TOML: "),
        (
            "[fields.email]\nformt = 'email'",
            ":2:1: unknown key `formt` | did you mean `format`?",
        ),
        (
            "[fields.email]\nformat = 'mail'",
            ":2:10: `format` knows no `mail` | did you mean `email`?",
        ),
        (
            "[fields.emial]",
            ":1:9: `public.leads` has no column `emial` | did you mean `email`?",
        ),
        ("[fields]\nemail = 3", ":2:9: `email` takes a table"),
        (
            "hidden = ['nope']",
            ":1:11: `public.leads` has no column `nope` | did you mean `note`?",
        ),
        ("hidden = ['note']\n[fields.note]", ":2:9: `note` is hidden"),
        ("hidden = ['id']", ":1:11: `id` is of the primary key"),
        (
            "hidden = 'note'",
            ":1:10: `hidden` takes a list of strings | write `[\"note\"]`",
        ),
        ("key = ['score']", ":1:7: `score` is no key of `public.leads`"),
        ("path = 'leads'", ":1:8: `path` must begin with `/` | write `/leads`"),
        ("path = '/docs'", ":1:8: `path` belongs to Windlass: `/docs`"),
        ("max_batch = 0", ":1:13: `max_batch` takes a whole number, at least 1"),
        ("[tenant]\ncolumn = 'x'", ":2:10: `public.leads` has no column `x`"),
        (
            "[access]\nraed = ['public']",
            ":2:1: unknown key `raed` | did you mean `read`?",
        ),
        (
            "[access]\nread = 'public'",
            ":2:8: `read` takes a list of strings | write `[\"public\"]`",
        ),
        (
            "[access]\nread = ['publik']",
            ":2:9: `publik` is not a grant | did you mean `public`?",
        ),
        (
            "[access]\nread = ['scope:']",
            ":2:9: `scope:` is not a grant | a grant is",
        ),
        ("[access]\nread = []", ":2:8: `read` takes at least one grant"),
        (
            "[page]\ndefault = 2000",
            ":2:11: `default` is above `max`, which is 1000",
        ),
        ("[page]\nsize = 3", ":2:1: unknown key `size`"),
        (
            "[page]\nmax_stream = 10",
            ":2:14: `max_stream` is below `max`, which is 1000",
        ),
        (
            "[page]\nmax_bytes = 0",
            ":2:13: `max_bytes` takes a whole number, at least 1",
        ),
        (
            "hidden = ['embedding']\n[nearest]\nmax_ef_search = 10",
            ":3:17: `[nearest]` is for vectors, but `public.leads` shows none",
        ),
        (
            "[nearest]\nmax_ef_search = 1001",
            ":2:17: `max_ef_search` is at most 1000, as pgvector takes no more",
        ),
        ("[nearest]\nef = 10", ":2:1: unknown key `ef`"),
        (
            "[fields.score]\nge = -1",
            ":2:6: `ge = -1` is wider than the database allows for `score`: it must be at least 0",
        ),
        ("[fields.score]\ngt = -1", ":2:6: `gt = -1` is wider"),
        (
            "[fields.score]\nlt = 200",
            ":2:6: `lt = 200` is wider than the database allows for `score`: it must be at most 100",
        ),
        ("[fields.id]\nle = 1e19", "its type ends at 9223372036854775807"),
        (
            "[fields.score]\nge = 50\nle = 10",
            ":2:6: no number can keep the bounds of `score`",
        ),
        ("[fields.score]\nge = nan", ":2:6: `ge` takes a finite number"),
        (
            "[fields.score]\nmultiple_of = 0",
            ":2:15: `multiple_of` takes a number above 0",
        ),
        (
            "[fields.score]\nformat = 'email'",
            ":2:10: `format` is for text, but `score` is `integer`",
        ),
        ("[fields.score]\nmin_length = 1", ":2:14: `min_length` is for text"),
        ("[fields.score]\ndimensions = 1", ":2:14: `dimensions` is for vectors"),
        (
            "[fields.score]\njson = 'string'",
            ":2:8: `json` is for `bigint` and `numeric`",
        ),
        ("[fields.score]\nmin_items = 1", ":2:13: `min_items` is for arrays"),
        (
            "[fields.score]\nschema = 'schemas/meta.json'",
            ":2:10: `schema` is for `json` and `jsonb`",
        ),
        ("[fields.email]\nge = 1", ":2:6: `ge` is for numbers"),
        ("[fields.email]\nmax_length = 500", ":2:14: `max_length = 500` is wider"),
        (
            "[fields.email]\nmin_length = 300",
            ":2:14: `email` can have no value: min_length is 300, and max_length is 200",
        ),
        (
            "[fields.email]\npattern = '('",
            ":2:11: `pattern` is not a regular expression: unclosed group",
        ),
        ("[fields.email]\npattern = \"\\d\"", ":2:13: not TOML: "),
        (
            "[fields.email]\nnormalize = ['trimm']",
            ":2:14: `normalize` knows no `trimm` | did you mean `trim`?",
        ),
        ("[fields.email]\nenum = []", ":2:8: `enum` takes at least one word"),
        ("[fields.email]\nenum = ['a', 'a']", ":2:14: `a` is listed twice"),
        (
            "[fields.status]\nenum = ['nwe']",
            ":2:9: `status` does not allow `nwe` | did you mean `new`?",
        ),
        (
            "[fields.tags]\nmin_length = 1",
            "`tags` is `text[]` | for the array's items write `items = { min_length = … }`",
        ),
        ("[fields.tags]\nmax_items = 11", ":2:13: `max_items = 11` is wider"),
        ("[fields.tags]\nitems = { ge = 1 }", ":2:16: `ge` is for numbers"),
        (
            "[fields.tags]\nitems = { max_items = 1 }",
            ":2:11: unknown key `max_items`",
        ),
        (
            "[fields.embedding]\ndimensions = 4",
            ":2:14: `dimensions = 4` contradicts the column: `embedding` has 3",
        ),
        (
            "[fields.embedding]\nmetric = 'cos'",
            ":2:10: `metric` knows no `cos` | did you mean `cosine`?",
        ),
        (
            "[fields.total]\nread_only = false",
            ":2:13: `total` is set by the database alone",
        ),
        (
            "[fields.meta]\nschema = 'none.json'",
            ":2:10: `none.json` is no schema to use: no such file",
        ),
        (
            "[fields.meta]\nschema = '../x.json'",
            ":2:10: `../x.json` is no schema to use: name a file beside",
        ),
        (
            "[fields.meta]\nschema = 'schemas/broken.json'",
            "not JSON: EOF while parsing",
        ),
        (
            "[fields.meta]\nschema = 'schemas/remote.json'",
            ":2:10: `schemas/remote.json` is no schema to use: ",
        ),
        ("[fields.meta]\nschema = 'schemas/wrong.json'", "at `/type`: "),
        (
            "[access]\ncreate = ['public']\n[fields.email]\nread_only = true",
            ":2:10: `create` is granted, but no row can be created: `email` is read-only",
        ),
        (
            "hidden = ['email']\n[access]\ncreate = ['public']",
            ":3:10: `create` is granted, but no row can be created: `email` is hidden",
        ),
        (
            "[[rules]]\nexpr = 'self.score >'\nmsg = 'x'",
            ":2:8: not a CEL expression",
        ),
        (
            "[[rules]]\nexpr = 'self.scor > 1'\nmsg = 'x'",
            ":2:8: `public.leads` has no column `scor` | did you mean `score`?",
        ),
        ("[[rules]]\nexpr = 'self.score > 1'", ":1:1: this rule has no `msg`"),
        (
            "[[rules]]\nexpr = 'self.score > 1'\nmsg = 'x'\nloc = 'scor'",
            ":4:7: `public.leads` has no column `scor`",
        ),
        ("rules = 1", ":1:9: `rules` takes a list of tables"),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let found = read(text).map(|_| "no mistake".to_owned()).unwrap_or_else(|e| e);
        if !found.contains(expected) || found.lines().count() != 1 {
            wrong.push(format!("{text:?}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let view = read_as("totals", "[access]\ncreate = ['public']").unwrap_err();
    assert_eq!(view, ":2:10: `create` is granted, but `public.totals` takes no INSERT");
}

#[test]
fn mistakes_are_told_at_once_and_in_order() {
    let found = read("tabel = 1\n[fields.score]\nge = -1\nle = 'x'\n[fields.nope]\nformt = 1\n").unwrap_err();
    let places: Vec<&str> = found.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, [":1:1", ":3:6", ":4:6", ":5:9", ":6:1"]);
}

#[test]
fn a_project_is_read_whole() {
    let project = tempfile::tempdir().unwrap();
    let dir = project.path().join("resources");
    assert!(load(project.path(), &catalog()).1.is_empty());
    std::fs::create_dir(&dir).unwrap();
    for (name, text) in [
        ("leads.toml", ""),
        (".#leads.toml", "lock"),
        ("notes.txt", "not a resource"),
        ("people.toml", "table = 'leads'\npath = '/api/leads'"),
        ("bad.toml", "table = 'leads'\nx = 1\ny = 2"),
        ("syntax.toml", "["),
    ] {
        std::fs::write(dir.join(name), text).unwrap();
    }
    std::fs::write(dir.join("binary.toml"), [0xff, 0xfe]).unwrap();
    let (contracts, mistakes) = load(project.path(), &catalog());
    assert_eq!(
        contracts.resources.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(),
        ["leads", "people"]
    );
    let places: Vec<String> = mistakes
        .iter()
        .map(|d| format!("{}:{}:{}", d.file.display(), d.line, d.column))
        .collect();
    assert_eq!(
        places,
        [
            "resources/bad.toml:2:1",
            "resources/bad.toml:3:1",
            "resources/binary.toml:1:1",
            "resources/people.toml:2:8",
            "resources/syntax.toml:1:2",
        ]
    );
}

#[test]
fn a_new_file_opens_nothing_and_holds_when_uncommented() {
    let mut catalog = catalog();
    let odd = relation(
        "Odd \"Table\"",
        RelationKind::Table,
        vec![column("a \"b\"\\c", text(Some(3)))],
    );
    catalog.relations.insert(odd.name.clone(), odd);
    for (table, name) in [
        ("leads", "leads"),
        ("public.totals", "totals"),
        ("Odd \"Table\"", "odd--table"),
    ] {
        let new = crate::contract::new_resource(table, &catalog).unwrap();
        assert_eq!(new.name, name);
        let file = PathBuf::from(format!("resources/{name}.toml"));
        let closed = read_resource(&file, &new.text, &catalog, &files).unwrap();
        assert!(
            [Verb::Read, Verb::Create, Verb::Update, Verb::Delete]
                .iter()
                .all(|v| closed.access.of(*v).is_none())
        );
        let settings = |line: &&str| line.contains(" = ") || line.starts_with('[');
        let open: Vec<&str> = new
            .text
            .lines()
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .filter(settings)
            .collect();
        let open =
            read_resource(&file, &open.join("\n"), &catalog, &files).unwrap_or_else(|e| panic!("{e:?}\n{}", new.text));
        assert!(open.access.of(Verb::Read).is_some());
        assert_eq!(format!("{:?}", open.fields), format!("{:?}", closed.fields));
        assert_eq!(open.key.is_empty(), name == "odd--table");
    }
    insta::assert_snapshot!(crate::contract::new_resource("leads", &catalog).unwrap().text);
    let error = crate::contract::new_resource("leed", &catalog).unwrap_err();
    assert_eq!(error.hint(), Some("did you mean `public.leads`?"));
}
