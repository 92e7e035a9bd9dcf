//! Reads the catalog: one statement for each kind of thing, all of them on their way at once.
//!
//! From `pg_catalog`, not from `information_schema`, which is many times slower and tells less.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::{Client, Row};

use crate::catalog::{
    Catalog, Check, Column, DomainRule, ForeignKey, Identity, Kind, PgType, QualifiedName, Relation, RelationKind,
    UniqueKey,
};
use crate::error::{Error, Result};

const OURS: &str =
    "n.nspname NOT IN ('pg_catalog', 'information_schema', 'windlass') AND n.nspname !~ '^pg_(toast|temp)'";

/// Everything the connection's role can see, outside of Postgres's own schemas and Windlass's.
///
/// # Errors
/// `database_unavailable`, or `internal` for an answer that cannot be read.
pub async fn catalog(client: &Client) -> Result<Catalog> {
    let relations = format!(
        "SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class'),
            pg_relation_is_updatable(c.oid, true)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {OURS} AND c.relname <> '__diesel_schema_migrations'
           AND has_schema_privilege(n.oid, 'USAGE')"
    );
    let columns = format!(
        "SELECT a.attrelid, a.attname::text, a.atttypid, a.atttypmod, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
            pg_column_is_updatable(a.attrelid, a.attnum, true), col_description(a.attrelid, a.attnum), a.attnum
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {OURS}
         ORDER BY a.attrelid, a.attnum"
    );
    let constraints = format!(
        "SELECT k.conrelid, k.conname::text, k.contype::text, k.conkey::int2[], pg_get_constraintdef(k.oid),
            fn.nspname::text, f.relname::text,
            (SELECT array_agg(fa.attname::text ORDER BY o.at) FROM unnest(k.confkey) WITH ORDINALITY o(num, at)
             JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = o.num)
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
         WHERE k.contype IN ('p', 'u', 'f', 'c') AND {OURS} ORDER BY k.conrelid, k.conname"
    );
    let indexes = format!(
        "SELECT i.indrelid, x.relname::text, i.indkey::int2[]
         FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE i.indisunique AND i.indisvalid AND {OURS}
           AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
         ORDER BY i.indrelid, x.relname"
    );
    let types = "SELECT t.oid, t.typname::text, t.typtype::text, t.typelem, t.typbasetype, t.typtypmod, t.typnotnull,
            format_type(t.oid, NULL), t.typcategory::text,
            (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
            (SELECT array_agg(k.conname::text ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
            (SELECT array_agg(pg_get_constraintdef(k.oid) ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
            t.typsubscript::text
         FROM pg_type t WHERE t.typtype <> 'c' OR t.typelem <> 0";
    let (relations, columns, constraints, indexes, types) = tokio::try_join!(
        client.query(&relations, &[]),
        client.query(&columns, &[]),
        client.query(&constraints, &[]),
        client.query(&indexes, &[]),
        client.query(types, &[]),
    )
    .map_err(|error| super::error::translate(error, None, false))?;
    assemble(&relations, &columns, &constraints, &indexes, Types::read(&types)?)
}

fn assemble(relations: &[Row], columns: &[Row], constraints: &[Row], indexes: &[Row], types: Types) -> Result<Catalog> {
    let mut by_oid: HashMap<u32, Relation> = HashMap::new();
    for row in relations {
        let kind = match get::<&str>(row, 3)? {
            "v" => RelationKind::View,
            "m" => RelationKind::MaterializedView,
            "f" => RelationKind::ForeignTable,
            _ => RelationKind::Table,
        };
        // Bits of CmdType: 1 << 2 UPDATE, 1 << 3 INSERT, 1 << 4 DELETE.
        let events: i32 = get(row, 5)?;
        by_oid.insert(
            get(row, 0)?,
            Relation {
                name: QualifiedName::new(get::<&str>(row, 1)?, get::<&str>(row, 2)?),
                kind,
                comment: get(row, 4)?,
                columns: Vec::new(),
                primary_key: Vec::new(),
                unique_keys: Vec::new(),
                foreign_keys: Vec::new(),
                checks: Vec::new(),
                updatable: events & (1 << 2) != 0,
                insertable: events & (1 << 3) != 0,
                deletable: events & (1 << 4) != 0,
            },
        );
    }
    let mut names: HashMap<(u32, i16), String> = HashMap::new();
    for row in columns {
        let (oid, name): (u32, String) = (get(row, 0)?, get(row, 1)?);
        names.insert((oid, get(row, 11)?), name.clone());
        let Some(relation) = by_oid.get_mut(&oid) else { continue };
        let (pg_type, type_not_null) = types.resolve(get(row, 2)?, get(row, 3)?, get::<String>(row, 4)?, 0);
        let identity = match get::<&str>(row, 7)? {
            "a" => Some(Identity::Always),
            "d" => Some(Identity::ByDefault),
            _ => None,
        };
        let generated = !get::<&str>(row, 8)?.is_empty();
        let default: Option<String> = get(row, 6)?;
        let updatable = matches!(relation.kind, RelationKind::Table) || get::<bool>(row, 9)?;
        relation.columns.push(Column {
            name,
            pg_type,
            nullable: !get::<bool>(row, 5)? && !type_not_null,
            default: default.filter(|_| !generated),
            identity,
            generated,
            updatable,
            comment: get(row, 10)?,
        });
    }
    let named = |oid: u32, numbers: &[i16]| -> Vec<String> {
        // An expression in an index has number 0 and no name: then the whole key has none.
        numbers
            .iter()
            .map(|number| names.get(&(oid, *number)).cloned())
            .collect::<Option<_>>()
            .unwrap_or_default()
    };
    for row in constraints {
        let oid: u32 = get(row, 0)?;
        let Some(relation) = by_oid.get_mut(&oid) else { continue };
        let (name, kind): (String, &str) = (get(row, 1)?, get(row, 2)?);
        let columns = named(oid, &get::<Option<Vec<i16>>>(row, 3)?.unwrap_or_default());
        match kind {
            "c" => relation.checks.push(Check {
                name,
                columns,
                definition: get(row, 4)?,
            }),
            "f" => {
                let target = QualifiedName::new(get::<&str>(row, 5)?, get::<&str>(row, 6)?);
                let target_columns = get::<Option<Vec<String>>>(row, 7)?.unwrap_or_default();
                relation.foreign_keys.push(ForeignKey {
                    name,
                    columns,
                    target,
                    target_columns,
                });
            }
            _ => {
                let primary = kind == "p";
                if primary {
                    relation.primary_key.clone_from(&columns);
                }
                relation.unique_keys.push(UniqueKey { name, columns, primary });
            }
        }
    }
    for row in indexes {
        let oid: u32 = get(row, 0)?;
        if let Some(relation) = by_oid.get_mut(&oid) {
            let columns = named(oid, &get::<Vec<i16>>(row, 2)?);
            relation.unique_keys.push(UniqueKey {
                name: get(row, 1)?,
                columns,
                primary: false,
            });
        }
    }
    let relations: BTreeMap<_, _> = by_oid
        .into_values()
        .map(|relation| (relation.name.clone(), relation))
        .collect();
    Ok(Catalog { relations })
}

fn get<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, index: usize) -> Result<T> {
    row.try_get(index).map_err(Error::internal)
}

/// One row of `pg_type`.
struct Type {
    name: String,
    class: String,
    element: u32,
    base: u32,
    base_modifier: i32,
    not_null: bool,
    category: String,
    labels: Vec<String>,
    rules: Vec<DomainRule>,
    is_array: bool,
}

struct Types(HashMap<u32, Type>);

impl Types {
    fn read(rows: &[Row]) -> Result<Self> {
        let mut types = HashMap::with_capacity(rows.len());
        for row in rows {
            let names = get::<Option<Vec<String>>>(row, 10)?.unwrap_or_default();
            let definitions = get::<Option<Vec<String>>>(row, 11)?.unwrap_or_default();
            let rules = names
                .into_iter()
                .zip(definitions)
                .map(|(name, definition)| DomainRule { name, definition });
            types.insert(
                get(row, 0)?,
                Type {
                    name: get(row, 1)?,
                    class: get(row, 2)?,
                    element: get(row, 3)?,
                    base: get(row, 4)?,
                    base_modifier: get(row, 5)?,
                    not_null: get(row, 6)?,
                    category: get(row, 8)?,
                    labels: get::<Option<Vec<String>>>(row, 9)?.unwrap_or_default(),
                    rules: rules.collect(),
                    is_array: get::<&str>(row, 12)? == "array_subscript_handler",
                },
            );
        }
        Ok(Self(types))
    }

    /// A type with its modifier, domains taken off; and whether a domain forbids null.
    fn resolve(&self, oid: u32, modifier: i32, sql: String, depth: usize) -> (PgType, bool) {
        let unknown = |sql| {
            (
                PgType {
                    sql,
                    kind: Kind::Other,
                    domain_rules: Vec::new(),
                },
                false,
            )
        };
        let Some(known) = self.0.get(&oid).filter(|_| depth < 32) else {
            return unknown(sql);
        };
        if known.class == "d" {
            let (base, inner_not_null) = self.resolve(known.base, known.base_modifier, sql.clone(), depth + 1);
            let mut domain_rules = known.rules.clone();
            domain_rules.extend(base.domain_rules);
            return (
                PgType {
                    sql,
                    kind: base.kind,
                    domain_rules,
                },
                known.not_null || inner_not_null,
            );
        }
        if known.is_array && known.element != 0 {
            // The modifier of an array is that of its elements.
            let item_sql = sql.strip_suffix("[]").unwrap_or(&sql).to_owned();
            let (item, _) = self.resolve(known.element, modifier, item_sql, depth + 1);
            return (
                PgType {
                    sql,
                    kind: Kind::Array { item: Box::new(item) },
                    domain_rules: Vec::new(),
                },
                false,
            );
        }
        let kind = match (known.class.as_str(), known.category.as_str()) {
            ("e", _) => Kind::Enum {
                labels: known.labels.clone(),
            },
            ("r" | "m", _) => Kind::Range,
            _ => base_kind(&known.name, modifier),
        };
        (
            PgType {
                sql,
                kind,
                domain_rules: Vec::new(),
            },
            false,
        )
    }
}

/// The kind of a base type. pgvector's types are known by name, as their numbers differ between databases.
fn base_kind(name: &str, modifier: i32) -> Kind {
    let declared = u32::try_from(modifier).ok();
    let length = declared.and_then(|length| length.checked_sub(4));
    match name {
        "bool" => Kind::Bool,
        "int2" => Kind::Int2,
        "int4" => Kind::Int4,
        "int8" => Kind::Int8,
        "float4" => Kind::Float4,
        "float8" => Kind::Float8,
        "numeric" => {
            // Precision in the upper half, scale in the lower eleven bits, signed since PostgreSQL 15.
            let packed = length.and_then(|packed| i32::try_from(packed).ok());
            Kind::Numeric {
                precision: packed.map(|packed| u32::try_from(packed >> 16 & 0xffff).unwrap_or(0)),
                scale: packed.map(|packed| ((packed & 0x7ff) ^ 1024) - 1024),
            }
        }
        "text" | "citext" => Kind::Text { max_length: None },
        "name" => Kind::Text { max_length: Some(63) },
        "varchar" | "bpchar" => Kind::Text { max_length: length },
        "uuid" => Kind::Uuid,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "timetz" => Kind::TimeTz,
        "timestamp" => Kind::Timestamp,
        "timestamptz" => Kind::TimestampTz,
        "interval" => Kind::Interval,
        "bytea" => Kind::Bytea,
        "json" => Kind::Json,
        "jsonb" => Kind::Jsonb,
        "vector" => Kind::Vector { dimensions: declared },
        "halfvec" => Kind::HalfVec { dimensions: declared },
        "sparsevec" => Kind::SparseVec { dimensions: declared },
        _ => Kind::Other,
    }
}
