//! What Postgres says of the statements of SQL routes: types of parameters and columns, and whether they write.
//!
//! Nothing is run: each statement is prepared and explained inside of a transaction that is rolled back.

use tokio_postgres::types::{Oid, Type};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::types::{self, Types};
use crate::catalog::PgType;
use crate::contract::{Column, Described, Step, Undescribed};
use crate::db::error::translate;
use crate::error::{Error, Result};
use crate::sql;

/// Plans as any values get them: for the ones at hand, nulls, parts of a plan would be left out.
const BEGIN: &str = "begin read only; set local plan_cache_mode = force_generic_plan; \
     set local statement_timeout = '10s'; set local lock_timeout = '5s'; savepoint windlass_route";
/// The same inside of a transaction: going back to the savepoint takes the settings back as well.
const ENTER: &str = "savepoint windlass_routes; set local plan_cache_mode = force_generic_plan; \
     set local statement_timeout = '10s'; set local lock_timeout = '5s'; savepoint windlass_route";
const LEAVE: &str = "rollback to savepoint windlass_routes; release savepoint windlass_routes";
/// Back to where the next statement begins.
const AGAIN: &str = "rollback to savepoint windlass_route";
/// The name of a statement that is explained.
const NAME: &str = "windlass_route";
/// As the catalog is read, so that types are spelled alike.
const SPELL: &str = "set local search_path = pg_catalog";

/// A type with its modifier; how it is spelled, the database says.
type Spelled = (Oid, i32);

/// A statement that Postgres takes.
struct Prepared {
    parameters: Vec<Oid>,
    columns: Vec<Found>,
    plan: Option<Plan>,
}

struct Found {
    name: String,
    spelled: Spelled,
    /// Table and number of the column that it comes from.
    origin: Option<(Oid, i16)>,
}

/// What is read of a plan.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    writes: bool,
    /// Whether a column that holds no nulls can be null all the same.
    widens: bool,
}

/// Describes each route's statements, or says why the database does not take them.
///
/// It runs in a transaction of its own on `client`, so nothing else may use the connection meanwhile; when the
/// future is dropped half way, so must be the connection.
///
/// # Errors
/// `database_unavailable` when the connection breaks or the database is too busy to say.
pub async fn describe(client: &Client, routes: &[&[Step]]) -> Result<Vec<Result<Described, Undescribed>>> {
    between(client, routes, BEGIN, "rollback").await
}

/// As [`describe`], inside of the transaction that is open on `client`, which is left as it was.
///
/// # Errors
/// As [`describe`].
pub async fn describe_within(client: &Client, routes: &[&[Step]]) -> Result<Vec<Result<Described, Undescribed>>> {
    between(client, routes, ENTER, LEAVE).await
}

async fn between(
    client: &Client,
    routes: &[&[Step]],
    begin: &str,
    end: &str,
) -> Result<Vec<Result<Described, Undescribed>>> {
    if routes.is_empty() {
        return Ok(Vec::new());
    }
    client.batch_execute(begin).await.map_err(broken)?;
    // Boxed, as it is large and others hold it in theirs.
    let described = Box::pin(all(client, routes)).await;
    let end = client.batch_execute(end).await.map_err(broken);
    let described = described?;
    end?;
    Ok(described)
}

async fn all(client: &Client, routes: &[&[Step]]) -> Result<Vec<Result<Described, Undescribed>>> {
    let mut prepared = Vec::with_capacity(routes.len());
    for steps in routes {
        prepared.push(route(client, steps).await?);
    }
    let known = Known::read(client, prepared.iter().flatten().flatten()).await?;
    let mut described = Vec::with_capacity(routes.len());
    for (steps, prepared) in routes.iter().zip(prepared) {
        described.push(match prepared {
            Ok(prepared) => readable(client, steps, known.described(&prepared)).await?,
            Err(refused) => Err(refused),
        });
    }
    Ok(described)
}

/// Prepares the statements of a route.
async fn route(client: &Client, steps: &[Step]) -> Result<Result<Vec<Prepared>, Undescribed>> {
    let mut all = Vec::with_capacity(steps.len());
    for (number, step) in steps.iter().enumerate() {
        let statement = match client.prepare(&step.text).await {
            Ok(statement) => statement,
            Err(error) => {
                let refused = refused(number, error)?;
                client.batch_execute(AGAIN).await.map_err(broken)?;
                return Ok(Err(refused));
            }
        };
        let columns = statement.columns().iter().map(|column| Found {
            name: column.name().to_owned(),
            spelled: (column.type_().oid(), column.type_modifier()),
            origin: column.table_oid().zip(column.column_id()),
        });
        let (parameters, columns) = (statement.params().iter().map(Type::oid).collect(), columns.collect());
        all.push(Prepared {
            parameters,
            columns,
            plan: explain(client, step, statement.params().len()).await?,
        });
    }
    Ok(Ok(all))
}

/// What Postgres says of a statement that it refuses; an error where it could not say.
fn refused(step: usize, error: tokio_postgres::Error) -> Result<Undescribed> {
    let Some(said) = error.as_db_error() else {
        return Err(broken(error));
    };
    let state = said.code().code();
    if matches!(state, "55P03" | "57014") || ["08", "53", "57P"].iter().any(|class| state.starts_with(class)) {
        return Err(broken(error));
    }
    let position = match said.position() {
        Some(tokio_postgres::error::ErrorPosition::Original(position)) => usize::try_from(*position).ok(),
        _ => None,
    };
    Ok(Undescribed {
        step,
        character: position,
        message: said.message().to_owned(),
        hint: said.hint().map(str::to_owned),
    })
}

/// The plan of a statement; none where Postgres makes none, as for `call`, or for tables that the role may not read itself.
async fn explain(client: &Client, step: &Step, parameters: usize) -> Result<Option<Plan>> {
    let nulls = vec!["NULL"; parameters].join(", ");
    let values = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let prepare = client.batch_execute(&format!("prepare {NAME} as {}", step.text)).await;
    if let Err(error) = prepare {
        said(error)?;
        client.batch_execute(AGAIN).await.map_err(broken)?;
        return Ok(None);
    }
    let explained = client
        .simple_query(&format!("explain (format json, costs off) execute {NAME}{values}"))
        .await;
    let plan = match explained {
        Ok(messages) => {
            let lines = messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            });
            let json = serde_json::from_str(&lines.collect::<String>()).map_err(Error::internal)?;
            let mut plan = Plan::default();
            plan.look(&json);
            Some(plan)
        }
        Err(error) => {
            said(error)?;
            client.batch_execute(AGAIN).await.map_err(broken)?;
            None
        }
    };
    client
        .batch_execute(&format!("deallocate {NAME}"))
        .await
        .map_err(broken)?;
    Ok(plan)
}

/// An answer of the database is one; anything else is an error.
fn said(error: tokio_postgres::Error) -> Result<()> {
    if error.as_db_error().is_some() {
        Ok(())
    } else {
        Err(broken(error))
    }
}

impl Plan {
    /// Looks through the nodes of a plan.
    fn look(&mut self, node: &serde_json::Value) {
        match node {
            serde_json::Value::Object(members) => {
                for (key, value) in members {
                    match (key.as_str(), value.as_str()) {
                        ("Node Type", Some("ModifyTable" | "LockRows")) => self.writes = true,
                        // A row without a partner has nulls in its place.
                        ("Join Type", Some("Left" | "Right" | "Full" | "Anti" | "Right Anti")) => self.widens = true,
                        ("Grouping Sets", _) => self.widens = true,
                        _ => {}
                    }
                    self.look(value);
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            _ => {}
        }
    }
}

/// What is known of the types and columns that the statements name.
struct Known {
    types: Types,
    spellings: Vec<(Spelled, String)>,
    /// Whether a column holds no nulls, and the comment on it.
    origins: Vec<((Oid, i16), bool, Option<String>)>,
}

impl Known {
    async fn read<'p>(client: &Client, all: impl Iterator<Item = &'p Prepared>) -> Result<Self> {
        let mut spelled: Vec<Spelled> = Vec::new();
        let mut origins: Vec<(Oid, i16)> = Vec::new();
        for prepared in all {
            spelled.extend(prepared.parameters.iter().map(|oid| (*oid, -1)));
            spelled.extend(prepared.columns.iter().map(|column| column.spelled));
            origins.extend(prepared.columns.iter().filter_map(|column| column.origin));
        }
        spelled.sort_unstable();
        spelled.dedup();
        origins.sort_unstable();
        origins.dedup();
        client.batch_execute(SPELL).await.map_err(broken)?;
        let rows = client.query_typed(types::TYPES, &[]).await.map_err(broken)?;
        let checks = client.query_typed(types::DOMAIN_CHECKS, &[]).await.map_err(broken)?;
        let types = Types::read(&rows, &checks).map_err(Error::internal)?;
        let (oids, modifiers): (Vec<Oid>, Vec<i32>) = spelled.iter().copied().unzip();
        let rows = client
            .query_typed(
                "select format_type(type, modifier) from unnest($1, $2) with ordinality u(type, modifier, place) order by place",
                &[(&oids, Type::OID_ARRAY), (&modifiers, Type::INT4_ARRAY)],
            )
            .await
            .map_err(broken)?;
        let spelling = |row: &tokio_postgres::Row| row.try_get::<_, Option<String>>(0).map(Option::unwrap_or_default);
        let texts: Vec<String> = rows
            .iter()
            .map(spelling)
            .collect::<Result<_, _>>()
            .map_err(Error::internal)?;
        let (tables, numbers): (Vec<Oid>, Vec<i16>) = origins.iter().copied().unzip();
        let rows = client
            .query_typed(
                "select a.attrelid, a.attnum, a.attnotnull, col_description(a.attrelid, a.attnum)
                 from unnest($1, $2) u(relation, number)
                 join pg_attribute a on a.attrelid = u.relation and a.attnum = u.number",
                &[(&tables, Type::OID_ARRAY), (&numbers, Type::INT2_ARRAY)],
            )
            .await
            .map_err(broken)?;
        let origin = |row: &tokio_postgres::Row| {
            let column = (row.try_get(0)?, row.try_get(1)?);
            Ok((column, row.try_get(2)?, row.try_get(3)?))
        };
        let origins = rows.iter().map(origin).collect::<Result<_, tokio_postgres::Error>>();
        client.batch_execute(AGAIN).await.map_err(broken)?;
        Ok(Self {
            types,
            spellings: spelled.into_iter().zip(texts).collect(),
            origins: origins.map_err(Error::internal)?,
        })
    }

    fn pg_type(&self, spelled: Spelled) -> PgType {
        let found = self.spellings.iter().find(|(known, _)| *known == spelled);
        let spelling = found.map_or("", |(_, text)| text.as_str());
        self.types.resolve(spelled.0, spelled.1, spelling).pg_type
    }

    fn described(&self, prepared: &[Prepared]) -> Described {
        let last = prepared.last();
        let plan = last.and_then(|last| last.plan.as_ref());
        // Without a plan nothing is known for sure.
        let widens = plan.is_none_or(|plan| plan.widens);
        let column = |found: &Found| {
            let origin = self.origins.iter().find(|(known, ..)| Some(*known) == found.origin);
            Column {
                name: found.name.clone(),
                pg_type: self.pg_type(found.spelled),
                nullable: widens || !origin.is_some_and(|(_, not_null, _)| *not_null),
                comment: origin.and_then(|(_, _, comment)| comment.clone()),
            }
        };
        let types = |one: &Prepared| one.parameters.iter().map(|oid| self.pg_type((*oid, -1))).collect();
        let writes = |one: &Prepared| one.plan.as_ref().is_some_and(|plan| plan.writes);
        Described {
            parameters: prepared.iter().map(types).collect(),
            columns: last
                .map(|last| last.columns.iter().map(column).collect())
                .unwrap_or_default(),
            text: None,
            writes: prepared.iter().position(writes),
        }
    }
}

/// Has columns whose bytes are not read here sent as texts.
async fn readable(client: &Client, steps: &[Step], described: Described) -> Result<Result<Described, Undescribed>> {
    let last = steps.len().saturating_sub(1);
    let Some(text) = steps
        .last()
        .and_then(|step| sql::sql_route::readable(&step.text, &described.columns))
    else {
        return Ok(Ok(described));
    };
    match client.prepare(&text).await {
        Ok(_) => Ok(Ok(Described {
            text: Some(text),
            ..described
        })),
        Err(error) => {
            said(error)?;
            client.batch_execute(AGAIN).await.map_err(broken)?;
            let strange = described
                .columns
                .iter()
                .find(|column| sql::sql_route::readable("", std::slice::from_ref(column)).is_some());
            let (name, kind) = strange.map_or(("", ""), |column| (&column.name, &column.pg_type.sql));
            Ok(Err(Undescribed {
                step: last,
                character: None,
                message: format!("column `{name}` is `{kind}`, which cannot be read from this statement"),
                hint: Some(format!("cast it: `{name}::text`")),
            }))
        }
    }
}

fn broken(error: tokio_postgres::Error) -> Error {
    translate(error, None, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_looked_through() {
        let look = |text: &str| {
            let mut plan = Plan::default();
            plan.look(&serde_json::from_str(text).unwrap());
            (plan.writes, plan.widens)
        };
        for (text, expected) in [
            (r#"[{"Plan": {"Node Type": "Seq Scan"}}]"#, (false, false)),
            (
                r#"[{"Plan": {"Node Type": "CTE Scan", "Plans": [{"Node Type": "ModifyTable"}]}}]"#,
                (true, false),
            ),
            (r#"[{"Plan": {"Node Type": "LockRows"}}]"#, (true, false)),
            (
                r#"[{"Plan": {"Node Type": "Hash Join", "Join Type": "Inner"}}]"#,
                (false, false),
            ),
            (
                r#"[{"Plan": {"Node Type": "Hash Join", "Join Type": "Right"}}]"#,
                (false, true),
            ),
            (
                r#"[{"Plan": {"Node Type": "Aggregate", "Grouping Sets": []}}]"#,
                (false, true),
            ),
        ] {
            assert_eq!(look(text), expected, "{text}");
        }
    }
}
