//! Types as Postgres keeps them, resolved to [`PgType`]: domains are taken off, arrays get their items.

use std::collections::HashMap;

use tokio_postgres::Row;
use tokio_postgres::types::Oid;

use crate::catalog::{DomainRule, Kind, PgType};

/// Row types, pseudo types and their arrays stay out: they are resolved as text.
/// True arrays are told by their element's `typarray`; `typelem` alone is set on `point` or `name`, too.
pub(super) const TYPES: &str = "select t.oid, n.nspname::text, t.typname::text, t.typtype::text, e.oid,
       t.typbasetype, t.typtypmod::int4, t.typnotnull, t.typdefault,
       case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) else format_type(t.oid, null) end,
       case when t.typtype = 'e' then
         array(select l.enumlabel::text from pg_enum l where l.enumtypid = t.oid order by l.enumsortorder) end
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    left join pg_type e on e.typarray = t.oid
    where t.typtype in ('b', 'd', 'e', 'r', 'm') and (e.oid is null or e.typtype not in ('c', 'p'))";

/// CHECKs of domains.
pub(super) const DOMAIN_CHECKS: &str = "select c.contypid, c.conname::text, pg_get_constraintdef(c.oid)
    from pg_constraint c where c.contypid <> 0 and c.contype = 'c' order by c.contypid, c.conname";

struct Entry {
    schema: String,
    name: String,
    /// `typtype`: base, domain, enum, range, multirange.
    class: String,
    element: Option<Oid>,
    base: Oid,
    base_modifier: i32,
    not_null: bool,
    default: Option<String>,
    /// A domain's base type, else the type itself.
    spelling: String,
    labels: Vec<String>,
    rules: Vec<DomainRule>,
}

/// All types of the database by oid.
pub(super) struct Types(HashMap<Oid, Entry>);

/// A type with what its domains add.
pub(super) struct Resolved {
    pub(super) pg_type: PgType,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
}

impl Types {
    pub(super) fn read(rows: &[Row], checks: &[Row]) -> Result<Self, tokio_postgres::Error> {
        let mut types = HashMap::with_capacity(rows.len());
        for row in rows {
            let entry = Entry {
                schema: row.try_get(1)?,
                name: row.try_get(2)?,
                class: row.try_get(3)?,
                element: row.try_get(4)?,
                base: row.try_get(5)?,
                base_modifier: row.try_get(6)?,
                not_null: row.try_get(7)?,
                default: row.try_get(8)?,
                spelling: row.try_get(9)?,
                labels: row.try_get::<_, Option<Vec<String>>>(10)?.unwrap_or_default(),
                rules: Vec::new(),
            };
            types.insert(row.try_get(0)?, entry);
        }
        for row in checks {
            if let Some(domain) = types.get_mut(&row.try_get::<_, Oid>(0)?) {
                domain.rules.push(DomainRule {
                    name: row.try_get(1)?,
                    definition: row.try_get(2)?,
                });
            }
        }
        Ok(Self(types))
    }

    /// The type `oid` with its modifier, spelled `sql` in SQL.
    pub(super) fn resolve(&self, oid: Oid, modifier: i32, sql: &str) -> Resolved {
        let mut resolved = Resolved {
            pg_type: PgType {
                sql: sql.to_owned(),
                base: sql.to_owned(),
                kind: Kind::Other,
                domain_rules: Vec::new(),
            },
            not_null: false,
            default: None,
        };
        let (mut oid, mut modifier, mut spelling) = (oid, modifier, sql);
        // Domains over domains: each adds its rules. Postgres allows no cycle.
        while let Some(domain) = self.0.get(&oid).filter(|entry| entry.class == "d") {
            resolved.not_null |= domain.not_null;
            resolved.default = resolved.default.or_else(|| domain.default.clone());
            resolved.pg_type.domain_rules.extend_from_slice(&domain.rules);
            (oid, modifier, spelling) = (domain.base, domain.base_modifier, &domain.spelling);
        }
        if let Some(entry) = self.0.get(&oid) {
            resolved.pg_type.base.clone_from(&entry.spelling);
            resolved.pg_type.kind = match entry.element {
                Some(element) => {
                    let item = spelling.strip_suffix("[]").unwrap_or(spelling);
                    // NOT NULL of an item's domain and its default concern the item alone.
                    let item = self.resolve(element, modifier, item).pg_type;
                    Kind::Array { item: Box::new(item) }
                }
                None => entry.kind(modifier),
            };
        }
        resolved
    }
}

impl Entry {
    fn kind(&self, modifier: i32) -> Kind {
        match self.class.as_str() {
            "e" => Kind::Enum {
                labels: self.labels.clone(),
            },
            "r" | "m" => Kind::Range,
            _ if self.schema == "pg_catalog" => builtin(&self.name, modifier),
            _ => extension(&self.name, modifier),
        }
    }
}

fn builtin(name: &str, modifier: i32) -> Kind {
    match name {
        "bool" => Kind::Bool,
        "int2" => Kind::Int2,
        "int4" => Kind::Int4,
        "int8" => Kind::Int8,
        "float4" => Kind::Float4,
        "float8" => Kind::Float8,
        "numeric" => numeric(modifier),
        "text" => Kind::Text { max_length: None },
        // The length comes with four bytes of header.
        "varchar" | "bpchar" => Kind::Text {
            max_length: u32::try_from(modifier - 4).ok().filter(|n| *n > 0),
        },
        // NAMEDATALEN less its end; what is longer would be cut without a word.
        "name" => Kind::Text { max_length: Some(63) },
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
        "tsvector" => Kind::TsVector,
        "tsquery" => Kind::TsQuery,
        reg if reg.starts_with("reg") => Kind::Object,
        _ => Kind::Other,
    }
}

/// Types of extensions go by their name: an extension can be in any schema.
fn extension(name: &str, modifier: i32) -> Kind {
    let dimensions = u32::try_from(modifier).ok().filter(|n| *n > 0);
    match name {
        "vector" => Kind::Vector { dimensions },
        "halfvec" => Kind::HalfVec { dimensions },
        "sparsevec" => Kind::SparseVec { dimensions },
        "citext" => Kind::Text { max_length: None },
        _ => Kind::Other,
    }
}

/// Precision in the upper half, below it eleven bits of scale with sign (PostgreSQL 15 on; the same bits before).
fn numeric(modifier: i32) -> Kind {
    let Ok(bits) = u32::try_from(modifier - 4) else {
        return Kind::Numeric {
            precision: None,
            scale: None,
        };
    };
    let scale = i32::try_from((bits & 0x7ff) ^ 1024).unwrap_or(1024) - 1024;
    Kind::Numeric {
        precision: Some((bits >> 16) & 0xffff),
        scale: Some(scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_modifiers() {
        for (modifier, precision, scale) in [
            (-1, None, None),
            ((10 << 16 | 2) + 4, Some(10), Some(2)),
            ((5 << 16) + 4, Some(5), Some(0)),
            ((3 << 16 | (-2_i32 & 0x7ff)) + 4, Some(3), Some(-2)),
            ((1000 << 16 | 1000) + 4, Some(1000), Some(1000)),
        ] {
            assert_eq!(numeric(modifier), Kind::Numeric { precision, scale });
        }
    }

    #[test]
    fn lengths() {
        assert_eq!(builtin("varchar", -1), Kind::Text { max_length: None });
        assert_eq!(builtin("varchar", 24), Kind::Text { max_length: Some(20) });
        assert_eq!(extension("vector", 3), Kind::Vector { dimensions: Some(3) });
        assert_eq!(extension("vector", -1), Kind::Vector { dimensions: None });
    }
}
