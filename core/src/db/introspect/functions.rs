//! Functions: what they take and what they return.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::Row;
use tokio_postgres::types::Oid;

use super::types::Types;
use crate::catalog::{Argument, Function, PgType, QualifiedName, Returned};

/// Functions, but neither aggregates, window functions and procedures, nor those that came with an extension. An argument's
/// default is asked for by its place among all, `OUT` arguments included; the row of a returned relation by its kind.
pub(super) const FUNCTIONS: &str = "with taken as (
    select p.*, coalesce(p.proallargtypes, p.proargtypes::oid[]) as types from pg_proc p)
    select n.nspname::text, p.proname::text, pg_get_function_identity_arguments(p.oid),
       p.provolatile::text, p.proretset, obj_description(p.oid, 'pg_proc'),
       p.types,
       array(select format_type(u.type, null) from unnest(p.types) with ordinality u(type, place) order by u.place),
       array(select t.typtype::text from unnest(p.types) with ordinality u(type, place)
             join pg_type t on t.oid = u.type order by u.place),
       p.proargmodes::text[], p.proargnames,
       array(select pg_get_function_arg_default(p.oid, place) from generate_series(1, cardinality(p.types)) place),
       p.prorettype, format_type(p.prorettype, null), r.typtype::text, r.typrelid, c.relkind::text,
       cn.nspname::text, c.relname::text, p.prorows = 1,
       array(select n.nspname::text from unnest(p.types) with ordinality u(type, place) join pg_type t on t.oid = u.type
             left join pg_class c on c.oid = t.typrelid and c.relkind <> 'c' left join pg_namespace n on n.oid = c.relnamespace
             order by u.place),
       array(select c.relname::text from unnest(p.types) with ordinality u(type, place) join pg_type t on t.oid = u.type
             left join pg_class c on c.oid = t.typrelid and c.relkind <> 'c' order by u.place)
    from taken p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_type r on r.oid = p.prorettype
    left join pg_class c on c.oid = r.typrelid
    left join pg_namespace cn on cn.oid = c.relnamespace
    where p.prokind = 'f'
      and n.nspname not in ('pg_catalog', 'information_schema', 'windlass')
      and n.nspname !~ '^pg_(toast|temp|toast_temp)'
      and has_schema_privilege($role, n.oid, 'usage')
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
    order by n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)";

/// The columns of composite types that are no relation's.
pub(super) const COMPOSITES: &str = "select a.attrelid, a.attname::text, a.atttypid, a.atttypmod::int4,
       format_type(a.atttypid, a.atttypmod)
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'c'
    order by a.attrelid, a.attnum";

type Columns = Vec<(String, PgType)>;

/// Reads the functions of both queries.
pub(super) fn read(
    rows: &[Row],
    composites: &[Row],
    types: &Types,
) -> Result<BTreeMap<QualifiedName, Vec<Function>>, tokio_postgres::Error> {
    let mut columns: HashMap<Oid, Columns> = HashMap::new();
    for row in composites {
        let pg_type = types.resolve(row.try_get(2)?, row.try_get(3)?, row.try_get(4)?).pg_type;
        columns
            .entry(row.try_get(0)?)
            .or_default()
            .push((row.try_get(1)?, pg_type));
    }
    let mut functions: BTreeMap<QualifiedName, Vec<Function>> = BTreeMap::new();
    for row in rows {
        let function = function(row, &columns, types)?;
        functions.entry(function.name.clone()).or_default().push(function);
    }
    Ok(functions)
}

fn function(row: &Row, composites: &HashMap<Oid, Columns>, types: &Types) -> Result<Function, tokio_postgres::Error> {
    let oids: Vec<Oid> = row.try_get(6)?;
    let spellings: Vec<String> = row.try_get(7)?;
    let classes: Vec<String> = row.try_get(8)?;
    let modes: Vec<String> = row.try_get::<_, Option<_>>(9)?.unwrap_or_default();
    let names: Vec<String> = row.try_get::<_, Option<_>>(10)?.unwrap_or_default();
    let defaults: Vec<Option<String>> = row.try_get(11)?;
    let schemas: Vec<Option<String>> = row.try_get(20)?;
    let relations: Vec<Option<String>> = row.try_get(21)?;
    let mut arguments = Vec::new();
    let mut columns = Vec::new();
    for (place, ((oid, spelling), class)) in oids.iter().zip(&spellings).zip(&classes).enumerate() {
        let mode = modes.get(place).map_or("i", String::as_str);
        let name = names.get(place).cloned().unwrap_or_default();
        let pg_type = types.resolve(*oid, -1, spelling).pg_type;
        if matches!(mode, "o" | "b" | "t") {
            // Postgres's own name for a column without one.
            let name = Some(name.clone()).filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| format!("column{}", columns.len() + 1));
            columns.push((name, pg_type.clone()));
        }
        if matches!(mode, "i" | "b" | "v") {
            let relation = schemas
                .get(place)
                .cloned()
                .flatten()
                .zip(relations.get(place).cloned().flatten());
            arguments.push(Argument {
                name,
                pg_type,
                row_of: relation.map(|(schema, name)| QualifiedName { schema, name }),
                pseudo: class == "p",
                variadic: mode == "v",
                default: defaults.get(place).cloned().flatten(),
            });
        }
    }
    Ok(Function {
        name: QualifiedName::new(row.try_get::<_, &str>(0)?, row.try_get::<_, &str>(1)?),
        signature: row.try_get(2)?,
        arguments,
        reads: row.try_get::<_, &str>(3)? != "v",
        set: row.try_get(4)?,
        single: row.try_get(19)?,
        returns: returned(row, columns, composites, types)?,
        comment: row.try_get(5)?,
    })
}

fn returned(
    row: &Row,
    columns: Columns,
    composites: &HashMap<Oid, Columns>,
    types: &Types,
) -> Result<Returned, tokio_postgres::Error> {
    let spelling: &str = row.try_get(13)?;
    if !columns.is_empty() {
        return Ok(Returned::Columns(columns));
    }
    Ok(match row.try_get::<_, &str>(14)? {
        "p" if spelling == "void" => Returned::Nothing,
        "p" => Returned::Unknown(spelling.to_owned()),
        "c" => match (
            row.try_get::<_, Option<&str>>(16)?,
            row.try_get::<_, Option<&str>>(17)?,
            row.try_get::<_, Option<&str>>(18)?,
        ) {
            (Some("c"), ..) => match composites.get(&row.try_get(15)?) {
                Some(columns) => Returned::Columns(columns.clone()),
                None => Returned::Unknown(spelling.to_owned()),
            },
            (_, Some(schema), Some(name)) => Returned::Relation(QualifiedName::new(schema, name)),
            _ => Returned::Unknown(spelling.to_owned()),
        },
        _ => Returned::Value(types.resolve(row.try_get(12)?, -1, spelling).pg_type),
    })
}
