//! Reads the [`Catalog`] from `pg_catalog`: one query per kind of thing, all in one flush.
//!
//! `information_schema` says less and takes seconds on large databases. Every column of these queries has a
//! built-in type, as an unknown one would cost tokio-postgres a round trip more.

mod describe;
mod functions;
mod indexes;
mod security;
mod types;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio_postgres::types::Oid;
use tokio_postgres::{Client, Row};

use crate::catalog::{
    Catalog, Check, Column, ForeignKey, Identity, QualifiedName, Relation, RelationKind, RowSecurity, UniqueKey,
    VectorIndex, VectorMethod,
};
use crate::error::{Error, Result};
pub use describe::{describe, describe_within};
use types::Types;

/// With nothing but `pg_catalog` on the search path Postgres spells every other name with its schema. So the
/// catalog does not depend on the connection's path, and its type names and expressions mean the same everywhere.
const BEGIN: &str = "begin isolation level repeatable read read only; \
     set local search_path = pg_catalog; \
     set local standard_conforming_strings = on";
/// The same inside of a transaction: going back to the savepoint takes the settings back as well.
const ENTER: &str = "savepoint windlass_introspection; \
     set local search_path = pg_catalog; \
     set local standard_conforming_strings = on";
const LEAVE: &str = "rollback to savepoint windlass_introspection; release savepoint windlass_introspection";

/// The relations that are looked at; each query begins with it. What lies in a schema that the role may not use
/// could not be served anyway.
const SEEN: &str = "with seen as materialized (
    select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
      and n.nspname not in ('pg_catalog', 'information_schema', 'windlass')
      and n.nspname !~ '^pg_(toast|temp|toast_temp)'
      and c.relname <> '__diesel_schema_migrations'
      and has_schema_privilege($role, n.oid, 'usage'))";

/// Bits of `pg_relation_is_updatable`: 1 << CMD_UPDATE, CMD_INSERT, CMD_DELETE.
const RELATIONS: &str = "select s.oid, s.schema, s.name, s.kind, obj_description(s.oid, 'pg_class'),
       pg_relation_is_updatable(s.oid, true)::int4
    from seen s";

/// `pg_column_is_updatable` asks for UPDATE and DELETE; a view with an INSTEAD OF INSERT trigger can be written, too.
const COLUMNS: &str = "select a.attrelid, a.attname::text, a.atttypid, a.atttypmod::int4,
       format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text, a.attgenerated::text,
       case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
       col_description(a.attrelid, a.attnum),
       pg_column_is_updatable(a.attrelid, a.attnum, true)
         or (s.kind = 'v' and exists (select from pg_trigger t where t.tgrelid = s.oid and t.tgtype & 68 = 68))
    from seen s
    join pg_attribute a on a.attrelid = s.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    order by a.attrelid, a.attnum";

/// A reference to a partitioned table has a copy per partition on the same table, which says nothing new.
const CONSTRAINTS: &str = "select c.conrelid, c.conname::text, c.contype::text,
       array(select a.attname::text from unnest(c.conkey) with ordinality k(num, pos)
             join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.num order by k.pos),
       pg_get_constraintdef(c.oid),
       fn.nspname::text, f.relname::text,
       array(select a.attname::text from unnest(c.confkey) with ordinality k(num, pos)
             join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.num order by k.pos)
    from pg_constraint c
    join seen s on s.oid = c.conrelid
    left join pg_class f on f.oid = c.confrelid
    left join pg_namespace fn on fn.oid = f.relnamespace
    where c.contype in ('p', 'u', 'f', 'c')
      and not exists (select from pg_constraint p where p.oid = c.conparentid and p.conrelid = c.conrelid)
    order by c.conrelid, c.conname";

/// Unique indexes without a constraint. A partial index or one over expressions is no key: it comes without columns.
const UNIQUE_INDEXES: &str = "select i.indrelid, x.relname::text,
       case when i.indpred is null and i.indexprs is null then
         array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality k(num, pos)
               join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.num
               where k.pos <= i.indnkeyatts order by k.pos)
       else '{}'::text[] end,
       (select a.attname::text from pg_attribute a where a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attnum > 0),
       pg_get_indexdef(i.indexrelid)
    from pg_index i
    join seen s on s.oid = i.indrelid
    join pg_class x on x.oid = i.indexrelid
    where i.indisunique and i.indisvalid
      and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u'))
    order by i.indrelid, x.relname";

/// Indexes of pgvector over a column as it is; one over an expression answers other questions than the API asks.
/// Without the option there are 100 lists.
const VECTOR_INDEXES: &str = "select i.indrelid, x.relname::text, a.attname::text, m.amname::text, o.opcname::text,
       i.indisvalid and i.indisready, i.indpred is not null,
       coalesce((select option_value::int4 from pg_options_to_table(x.reloptions) where option_name = 'lists'), 100)
    from pg_index i
    join seen s on s.oid = i.indrelid
    join pg_class x on x.oid = i.indexrelid
    join pg_am m on m.oid = x.relam and m.amname in ('hnsw', 'ivfflat')
    join pg_opclass o on o.oid = i.indclass[0]
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    order by i.indrelid, x.relname";

const PGVECTOR: &str = "select extversion::text from pg_extension where extname = 'vector'";

/// Text search configurations, Postgres's own first, as on a search path.
const LANGUAGES: &str = "select n.nspname::text, c.cfgname::text
    from pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace
    where n.nspname !~ '^pg_(toast|temp)' and has_schema_privilege($role, n.oid, 'usage')
    order by n.nspname <> 'pg_catalog', n.nspname <> 'public', n.nspname, c.cfgname";

/// Reads the catalog.
///
/// It runs in a transaction of its own on `client`, so nothing else may use the connection meanwhile; when the
/// future is dropped half way, so must be the connection.
///
/// # Errors
///
/// `database_unavailable` when the connection breaks, `internal` for an answer that cannot be read.
pub async fn catalog(client: &Client) -> Result<Catalog> {
    read(client, BEGIN, "rollback", "current_user").await
}

/// Reads the catalog inside of the transaction that is open on `client`, and leaves that as it was: tables that exist
/// in it alone are seen.
///
/// `role` is the one that will serve requests, by default the connection's own. Its rights decide only which schemas
/// are looked at, and anybody may ask for those, so it need not be that role who asks.
///
/// # Errors
///
/// As [`catalog`].
pub async fn catalog_within(client: &Client, role: Option<&str>) -> Result<Catalog> {
    let role = role.map_or_else(
        || "current_user".to_owned(),
        |name| format!("'{}'::name", name.replace('\'', "''")),
    );
    read(client, ENTER, LEAVE, &role).await
}

async fn read(client: &Client, begin: &str, end: &str, role: &str) -> Result<Catalog> {
    let seen = SEEN.replace("$role", role);
    let [relations, columns, constraints, unique, indexes, vectors, policies] = [
        RELATIONS,
        COLUMNS,
        CONSTRAINTS,
        UNIQUE_INDEXES,
        indexes::INDEXES,
        VECTOR_INDEXES,
        security::SECURITY,
    ]
    .map(|query| format!("{seen}\n{query}").replace("$role", role));
    let roles = security::ROLES.replace("$role", role);
    let functions = functions::FUNCTIONS.replace("$role", role);
    let languages = LANGUAGES.replace("$role", role);
    // Polled in order, the queries leave in order and in one flush; replies are read as they come.
    let read = async {
        futures_util::try_join!(
            client.batch_execute(begin),
            client.query_typed(&relations, &[]),
            client.query_typed(&columns, &[]),
            client.query_typed(&constraints, &[]),
            client.query_typed(&unique, &[]),
            client.query_typed(&indexes, &[]),
            client.query_typed(&vectors, &[]),
            client.query_typed(PGVECTOR, &[]),
            client.query_typed(types::TYPES, &[]),
            client.query_typed(types::DOMAIN_CHECKS, &[]),
            client.query_typed(&functions, &[]),
            client.query_typed(functions::COMPOSITES, &[]),
            client.query_typed(&languages, &[]),
            client.query_typed(&policies, &[]),
            client.query_typed(&roles, &[]),
        )
    };
    // Boxed: so many questions at once are too large for the stacks of those who wait for them.
    let rows = Box::pin(read).await;
    let end = client.batch_execute(end).await;
    let broken = |error| super::error::translate(error, None, false);
    let (
        _,
        relations,
        columns,
        constraints,
        unique,
        indexes,
        vectors,
        pgvector,
        types,
        checks,
        functions,
        composites,
        languages,
        policies,
        roles,
    ) = rows.map_err(broken)?;
    end.map_err(broken)?;
    let types = Types::read(&types, &checks).map_err(Error::internal)?;
    let mut found = read_relations(&relations).map_err(Error::internal)?;
    read_columns(&columns, &types, &mut found).map_err(Error::internal)?;
    read_constraints(&constraints, &mut found).map_err(Error::internal)?;
    read_unique(&unique, &mut found).map_err(Error::internal)?;
    indexes::read(&indexes, &mut found).map_err(Error::internal)?;
    read_vector_indexes(&vectors, &mut found).map_err(Error::internal)?;
    security::read(&policies, &mut found).map_err(Error::internal)?;
    let roles = security::read_roles(&roles).map_err(Error::internal)?;
    let pgvector = read_version(&pgvector).map_err(Error::internal)?;
    let relations: BTreeMap<_, _> = found.into_values().map(|r| (r.name.clone(), r)).collect();
    let functions = functions::read(&functions, &composites, &types).map_err(Error::internal)?;
    let languages = languages.iter().map(|row| {
        Ok(QualifiedName::new(
            row.try_get::<_, &str>(0)?,
            row.try_get::<_, &str>(1)?,
        ))
    });
    Ok(Catalog {
        relations,
        functions,
        pgvector,
        languages: languages
            .collect::<Result<_, tokio_postgres::Error>>()
            .map_err(Error::internal)?,
        roles: Arc::new(roles),
    })
}

type Found = HashMap<Oid, Relation>;

fn read_relations(rows: &[Row]) -> Result<Found, tokio_postgres::Error> {
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let kind = match row.try_get::<_, &str>(3)? {
            "v" => RelationKind::View,
            "m" => RelationKind::MaterializedView,
            "f" => RelationKind::ForeignTable,
            _ => RelationKind::Table,
        };
        let can: i32 = row.try_get(5)?;
        let relation = Relation {
            name: QualifiedName::new(row.try_get::<_, &str>(1)?, row.try_get::<_, &str>(2)?),
            kind,
            comment: row.try_get(4)?,
            columns: Vec::new(),
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            vector_indexes: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            indexes: Vec::new(),
            security: RowSecurity::default(),
            updatable: can & 4 != 0,
            insertable: can & 8 != 0,
            deletable: can & 16 != 0,
        };
        found.insert(row.try_get(0)?, relation);
    }
    Ok(found)
}

fn read_columns(rows: &[Row], types: &Types, found: &mut Found) -> Result<(), tokio_postgres::Error> {
    for row in rows {
        let Some(relation) = found.get_mut(&row.try_get(0)?) else {
            continue;
        };
        let resolved = types.resolve(row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let identity = match row.try_get::<_, &str>(6)? {
            "a" => Some(Identity::Always),
            "d" => Some(Identity::ByDefault),
            _ => None,
        };
        let default: Option<String> = row.try_get(8)?;
        let generated = !row.try_get::<_, &str>(7)?.is_empty();
        relation.columns.push(Column {
            name: row.try_get(1)?,
            nullable: !(row.try_get::<_, bool>(5)? || resolved.not_null),
            // A domain's default counts where the column has none of its own.
            default: default.or(resolved.default.filter(|_| identity.is_none() && !generated)),
            pg_type: resolved.pg_type,
            identity,
            generated,
            updatable: row.try_get(10)?,
            comment: row.try_get(9)?,
        });
    }
    Ok(())
}

fn read_constraints(rows: &[Row], found: &mut Found) -> Result<(), tokio_postgres::Error> {
    for row in rows {
        let Some(relation) = found.get_mut(&row.try_get(0)?) else {
            continue;
        };
        let name: String = row.try_get(1)?;
        let columns: Vec<String> = row.try_get(3)?;
        match row.try_get::<_, &str>(2)? {
            "c" => relation.checks.push(Check {
                name,
                columns,
                definition: row.try_get::<_, Option<String>>(4)?.unwrap_or_default(),
            }),
            "f" => {
                if let (Some(schema), Some(table)) =
                    (row.try_get::<_, Option<&str>>(5)?, row.try_get::<_, Option<&str>>(6)?)
                {
                    relation.foreign_keys.push(ForeignKey {
                        name,
                        columns,
                        target: QualifiedName::new(schema, table),
                        target_columns: row.try_get(7)?,
                        definition: row.try_get(4)?,
                    });
                }
            }
            kind => {
                let primary = kind == "p";
                if primary {
                    relation.primary_key.clone_from(&columns);
                }
                relation.unique_keys.push(UniqueKey {
                    name,
                    leading: columns.first().cloned(),
                    columns,
                    primary,
                    constraint: true,
                    definition: row.try_get(4)?,
                });
            }
        }
    }
    Ok(())
}

fn read_unique(rows: &[Row], found: &mut Found) -> Result<(), tokio_postgres::Error> {
    for row in rows {
        if let Some(relation) = found.get_mut(&row.try_get(0)?) {
            relation.unique_keys.push(UniqueKey {
                name: row.try_get(1)?,
                columns: row.try_get(2)?,
                leading: row.try_get(3)?,
                primary: false,
                constraint: false,
                definition: row.try_get(4)?,
            });
        }
    }
    Ok(())
}

fn read_vector_indexes(rows: &[Row], found: &mut Found) -> Result<(), tokio_postgres::Error> {
    for row in rows {
        if let Some(relation) = found.get_mut(&row.try_get(0)?) {
            let method = match row.try_get::<_, &str>(3)? {
                "hnsw" => VectorMethod::Hnsw,
                _ => VectorMethod::IvfFlat {
                    lists: u32::try_from(row.try_get::<_, i32>(7)?).unwrap_or(1),
                },
            };
            relation.vector_indexes.push(VectorIndex {
                name: row.try_get(1)?,
                column: row.try_get(2)?,
                method,
                operator_class: row.try_get(4)?,
                valid: row.try_get(5)?,
                partial: row.try_get(6)?,
            });
        }
    }
    Ok(())
}

/// `0.8.1` as `(0, 8)`.
fn read_version(rows: &[Row]) -> Result<Option<(u32, u32)>, tokio_postgres::Error> {
    let Some(row) = rows.first() else { return Ok(None) };
    let mut parts = row
        .try_get::<_, &str>(0)?
        .split('.')
        .map(|part| part.parse().unwrap_or(0));
    Ok(Some((parts.next().unwrap_or(0), parts.next().unwrap_or(0))))
}
