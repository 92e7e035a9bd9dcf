//! The contracts that the targets run against: every kind of column, relations of every kind, hidden columns, a closed
//! resource. They are derived from a catalog and overlays, as in a project.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use crate::catalog::{
    Catalog, Column, DomainRule, ForeignKey, Identity, Kind, PgType, QualifiedName, Relation, RelationKind,
    RowSecurity, UniqueKey,
};
use crate::contract::{self, Resource, Snapshot};

/// A column that is hidden.
pub const HIDDEN: &str = "hidden_zq";
/// A resource that nobody may read.
pub const CLOSED: &str = "closed_zq";

/// All of them.
pub static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| snapshot(&catalog(), RESOURCES));

/// The same without what is hidden or closed: whoever asks must not find a difference.
pub static TWIN: LazyLock<Snapshot> = LazyLock::new(|| {
    let mut catalog = catalog();
    for relation in catalog.relations.values_mut() {
        relation.columns.retain(|column| column.name != HIDDEN);
        relation
            .foreign_keys
            .retain(|foreign| !foreign.columns.iter().any(|column| column == HIDDEN));
    }
    let resources = RESOURCES.iter().filter(|(name, _)| *name != CLOSED);
    let texts: Vec<(&str, String)> = resources
        .map(|(name, text)| (*name, text.replace(&format!("hidden = [\"{HIDDEN}\"]\n"), "")))
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    snapshot(&catalog, &texts)
});

fn snapshot(catalog: &Catalog, texts: &[(&str, &str)]) -> Snapshot {
    let read = |(name, text): &(&str, &str)| {
        let file = format!("resources/{name}.toml");
        let resource = contract::read_resource(Path::new(&file), text, catalog, &|_| Err("no other files".to_owned()));
        Arc::new(resource.unwrap_or_else(|mistakes| panic!("{name}: {mistakes:?}")))
    };
    Snapshot::new(
        "Fuzz".to_owned(),
        "1".to_owned(),
        texts.iter().map(read).collect::<Vec<_>>(),
    )
}

/// The resource of a name; `kinds` for any other.
#[must_use]
pub fn resource<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Arc<Resource> {
    let found = |wanted: &str| snapshot.resources.iter().find(|resource| resource.name == wanted);
    found(name)
        .or_else(|| found("kinds"))
        .unwrap_or_else(|| panic!("no resource"))
}

const ALL: &str = "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n[page]\nmax_groups = 100\n";

const RESOURCES: &[(&str, &str)] = &[
    (
        "kinds",
        "hidden = [\"hidden_zq\"]\n[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\n\
         delete = [\"public\"]\n[page]\nmax_groups = 100\n[fields.big]\njson = \"string\"\n[fields.text]\n\
         format = \"email\"\nnormalize = [\"trim\", \"lowercase\"]\n[fields.score]\nge = 0\nle = 100\nmultiple_of = 5\n\
         [[rules]]\nexpr = \"!has(self.until) || self.until >= self.at\"\nloc = \"until\"\nmsg = \"must not be before at\"\n",
    ),
    ("people", ALL),
    ("teams", ALL),
    ("skills", ALL),
    ("people_skills", ALL),
    (
        "notes",
        "hidden = [\"hidden_zq\"]\n[access]\nread = [\"public\"]\ncreate = [\"public\"]\n",
    ),
    (
        "odd",
        "table = 'public.Odd, \"names\"'\n[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n",
    ),
    (
        "view",
        "key = [\"id\"]\n[access]\nread = [\"public\"]\nupdate = [\"public\"]\n",
    ),
    ("keyless", "[access]\nread = [\"public\"]\n"),
    (
        "closed_zq",
        "[access]\nread = [\"scope:closed.read\"]\ncreate = [\"public\"]\n",
    ),
];

fn of(sql: &str, base: &str, kind: Kind) -> PgType {
    PgType {
        sql: sql.to_owned(),
        base: base.to_owned(),
        kind,
        domain_rules: Vec::new(),
    }
}

fn plain(sql: &str, kind: Kind) -> PgType {
    of(sql, sql, kind)
}

fn domain(sql: &str, base: &str, kind: Kind, rule: &str) -> PgType {
    PgType {
        domain_rules: vec![DomainRule {
            name: format!("{sql}_check"),
            definition: format!("CHECK ({rule})"),
        }],
        ..of(sql, base, kind)
    }
}

fn list(item: PgType) -> PgType {
    let (sql, base) = (format!("{}[]", item.sql), format!("{}[]", item.base));
    of(&sql, &base, Kind::Array { item: Box::new(item) })
}

fn text() -> PgType {
    plain("text", Kind::Text { max_length: None })
}

fn integer() -> PgType {
    plain("integer", Kind::Int4)
}

fn stage() -> PgType {
    let labels = ["new", "open", "it's done"].map(str::to_owned).to_vec();
    plain("public.stage", Kind::Enum { labels })
}

fn column(name: &str, pg_type: PgType) -> Column {
    Column {
        name: name.to_owned(),
        pg_type,
        nullable: true,
        default: None,
        identity: None,
        generated: false,
        updatable: true,
        comment: None,
    }
}

fn required(name: &str, pg_type: PgType) -> Column {
    Column {
        nullable: false,
        ..column(name, pg_type)
    }
}

fn identity(name: &str) -> Column {
    Column {
        identity: Some(Identity::Always),
        ..required(name, plain("bigint", Kind::Int8))
    }
}

fn relation(name: &str, columns: Vec<Column>, key: &[&str]) -> Relation {
    let key: Vec<String> = key.iter().map(|&name| name.to_owned()).collect();
    let unique = UniqueKey {
        name: format!("{name}_pkey"),
        leading: key.first().cloned(),
        columns: key.clone(),
        primary: true,
        constraint: true,
        definition: String::new(),
    };
    Relation {
        name: QualifiedName::new("public", name),
        kind: RelationKind::Table,
        comment: None,
        columns,
        unique_keys: if key.is_empty() { Vec::new() } else { vec![unique] },
        primary_key: key,
        vector_indexes: Vec::new(),
        indexes: Vec::new(),
        security: RowSecurity::default(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        insertable: true,
        updatable: true,
        deletable: true,
    }
}

fn refers(relation: &mut Relation, column: &str, target: &str) {
    relation.foreign_keys.push(ForeignKey {
        name: format!("{}_{column}_fkey", relation.name.name),
        columns: vec![column.to_owned()],
        target: QualifiedName::new("public", target),
        target_columns: vec!["id".to_owned()],
        definition: String::new(),
    });
}

fn kinds() -> Relation {
    let numeric = |precision, scale| Kind::Numeric { precision, scale };
    let mut relation = relation(
        "kinds",
        vec![
            identity("id"),
            required("text", text()),
            column(
                "varchar",
                of(
                    "character varying(20)",
                    "character varying",
                    Kind::Text { max_length: Some(20) },
                ),
            ),
            column(
                "char",
                of("character(3)", "character", Kind::Text { max_length: Some(3) }),
            ),
            column("citext", plain("public.citext", Kind::Text { max_length: None })),
            column("name", plain("name", Kind::Text { max_length: Some(63) })),
            column("bool", plain("boolean", Kind::Bool)),
            column("small", plain("smallint", Kind::Int2)),
            column("score", integer()),
            column("big", plain("bigint", Kind::Int8)),
            column("real", plain("real", Kind::Float4)),
            column("double", plain("double precision", Kind::Float8)),
            column("exact", plain("numeric", numeric(None, None))),
            column("price", of("numeric(10,2)", "numeric", numeric(Some(10), Some(2)))),
            column("uuid", plain("uuid", Kind::Uuid)),
            column("day", plain("date", Kind::Date)),
            column("clock", plain("time without time zone", Kind::Time)),
            column("clock_tz", plain("time with time zone", Kind::TimeTz)),
            column("moment", plain("timestamp without time zone", Kind::Timestamp)),
            Column {
                default: Some("now()".to_owned()),
                ..required("at", plain("timestamp with time zone", Kind::TimestampTz))
            },
            column("until", plain("timestamp with time zone", Kind::TimestampTz)),
            column("span", plain("interval", Kind::Interval)),
            column("raw", plain("bytea", Kind::Bytea)),
            column("json", plain("json", Kind::Json)),
            column("meta", plain("jsonb", Kind::Jsonb)),
            column("stage", stage()),
            column("stage_domain", of("public.stage_domain", "public.stage", stage().kind)),
            column(
                "percent",
                domain(
                    "public.percent",
                    "integer",
                    Kind::Int4,
                    "((VALUE >= 0) AND (VALUE <= 100))",
                ),
            ),
            column("tags", list(text())),
            column("nums", list(integer())),
            column("stages", list(stage())),
            column("docs", list(plain("jsonb", Kind::Jsonb))),
            column("points", list(plain("point", Kind::Other))),
            column(
                "vector",
                of(
                    "public.vector(3)",
                    "public.vector",
                    Kind::Vector { dimensions: Some(3) },
                ),
            ),
            column(
                "halfvec",
                of(
                    "public.halfvec(4)",
                    "public.halfvec",
                    Kind::HalfVec { dimensions: Some(4) },
                ),
            ),
            column(
                "sparsevec",
                of(
                    "public.sparsevec(5)",
                    "public.sparsevec",
                    Kind::SparseVec { dimensions: Some(5) },
                ),
            ),
            column("during", plain("int4range", Kind::Range)),
            column("spells", plain("tstzmultirange", Kind::Range)),
            column("inet", plain("inet", Kind::Other)),
            column("point", plain("point", Kind::Other)),
            column("words", plain("tsvector", Kind::TsVector)),
            column("search", plain("tsquery", Kind::TsQuery)),
            column("class", plain("regclass", Kind::Object)),
            column("vectors", list(plain("tsvector", Kind::TsVector))),
            column("pair", plain("public.\"Odd pair\"", Kind::Other)),
            column("bits", of("bit(3)", "bit", Kind::Other)),
            column("money", plain("money", Kind::Other)),
            column("xml", plain("xml", Kind::Other)),
            column("team_id", integer()),
            Column {
                generated: true,
                ..column("doubled", integer())
            },
            column("hidden_zq", text()),
        ],
        &["id"],
    );
    refers(&mut relation, "team_id", "teams");
    relation.unique_keys.push(UniqueKey {
        name: "kinds_text_key".to_owned(),
        columns: vec!["text".to_owned()],
        leading: Some("text".to_owned()),
        primary: false,
        constraint: true,
        definition: String::new(),
    });
    relation
}

fn catalog() -> Catalog {
    let mut people = relation(
        "people",
        vec![
            required("id", integer()),
            required("name", text()),
            column("team_id", integer()),
            column("chief_id", integer()),
            column("helper_id", integer()),
            column("meta", plain("jsonb", Kind::Jsonb)),
        ],
        &["id"],
    );
    refers(&mut people, "team_id", "teams");
    refers(&mut people, "chief_id", "people");
    refers(&mut people, "helper_id", "people");
    let mut between = relation(
        "people_skills",
        vec![
            required("person_id", integer()),
            required("skill_id", integer()),
            column("level", integer()),
        ],
        &["person_id", "skill_id"],
    );
    refers(&mut between, "person_id", "people");
    refers(&mut between, "skill_id", "skills");
    let named = |name: &str| relation(name, vec![required("id", integer()), required("name", text())], &["id"]);
    let mut notes = relation(
        "notes",
        vec![
            identity("id"),
            required("person_id", integer()),
            column("body", text()),
            column("hidden_zq", integer()),
        ],
        &["id"],
    );
    refers(&mut notes, "person_id", "people");
    refers(&mut notes, "hidden_zq", "teams");
    let mut closed = relation(
        "closed_zq",
        vec![required("id", integer()), required("person_id", integer())],
        &["id"],
    );
    refers(&mut closed, "person_id", "people");
    let odd = relation(
        "Odd, \"names\"",
        vec![
            required("id", plain("uuid", Kind::Uuid)),
            required("a.b", text()),
            column("c:d", integer()),
            column("or", integer()),
            column("x(y)", plain("jsonb", Kind::Jsonb)),
            column("größe", integer()),
            column("q\"uote", text()),
            column("select", text()),
        ],
        &["id", "a.b"],
    );
    let view = Relation {
        kind: RelationKind::View,
        ..relation("view", vec![column("id", integer()), column("name", text())], &[])
    };
    let keyless = relation(
        "keyless",
        vec![column("name", text()), column("meta", plain("json", Kind::Json))],
        &[],
    );
    let all = [
        kinds(),
        people,
        between,
        named("teams"),
        named("skills"),
        notes,
        closed,
        odd,
        view,
        keyless,
    ];
    let languages = ["english", "german", "simple"].map(|name| QualifiedName::new("pg_catalog", name));
    Catalog {
        relations: all
            .into_iter()
            .map(|relation| (relation.name.clone(), relation))
            .collect::<BTreeMap<_, _>>(),
        functions: BTreeMap::new(),
        pgvector: Some((0, 8)),
        languages: Arc::new(languages),
        roles: Arc::default(),
    }
}
