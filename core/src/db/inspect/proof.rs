//! Tries each verb as one tenant against rows of another, in a transaction that is rolled back.

use serde::{Deserialize, Serialize};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::{failed, get};
use crate::catalog::{Identity, Relation};
use crate::contract::{ident, quoted};
use crate::error::Result;

/// A table whose rows belong to tenants.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The resource's name.
    pub resource: &'a str,
    /// Its table.
    pub relation: &'a Relation,
    /// The column with the tenant.
    pub column: &'a str,
    /// The role that credentials may name, to be taken on; none for the serving role itself.
    pub role: Option<&'a str>,
    /// Who asks, and whose rows are asked for.
    pub tenants: (&'a str, &'a str),
    /// What the first tenant's credentials say, as JSON.
    pub claims: &'a str,
    /// What the other's say.
    pub other_claims: &'a str,
}

/// What became of a table's proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The resource.
    pub resource: String,
    /// Its table, as SQL names it.
    pub table: String,
    /// The column with the tenant.
    pub column: String,
    /// The role that was taken on; none for the serving role itself.
    pub role: Option<String>,
    /// Who asked, and whose rows were asked for; none where it could not be tried.
    pub tenants: Option<(String, String)>,
    /// What was tried.
    pub attempts: Vec<Attempt>,
    /// Why it proves nothing, where it does not.
    pub unproved: Option<String>,
}

/// One verb that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// `select`, `update`, `delete`, `insert`; `move` is an update that gives an own row to the other tenant.
    pub verb: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of one verb.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No row was reached: there was none, or the database refused.
    Nothing,
    /// A row of the other tenant was reached or made.
    Reached,
    /// It came to another end, which says neither.
    Untried(String),
}

/// Up to two tenants of a table's rows, by index where there is one. `client` must see the rows of all.
///
/// # Errors
/// What the database says.
pub async fn tenants(client: &Client, relation: &Relation, column: &str) -> Result<Vec<String>> {
    let (table, column) = (quoted(&relation.name), ident(column));
    let first = format!("select {column}::text from {table} where {column} is not null order by {column} limit 1");
    let Some(row) = client
        .query_typed(&first, &[])
        .await
        .map_err(failed)?
        .into_iter()
        .next()
    else {
        return Ok(Vec::new());
    };
    let mut found: Vec<String> = vec![get(&row, 0)?];
    let second = format!(
        "select {column}::text from {table} where {column} > (select {column} from {table} where {column} is not null
           order by {column} limit 1) order by {column} limit 1"
    );
    if let Some(row) = client.query_typed(&second, &[]).await.map_err(failed)?.first() {
        found.push(get(row, 0)?);
    }
    Ok(found)
}

/// Tries it all on a connection of the serving role, and rolls it back. A number of each sequence of the table may be gone after.
///
/// # Errors
/// If the database goes away. What it refuses is an outcome.
pub async fn prove(client: &Client, subject: &Subject<'_>) -> Result<Proof> {
    client
        .batch_execute("begin; set local statement_timeout = '15s'; set local lock_timeout = '1s'")
        .await
        .map_err(failed)?;
    let tried = attempts(client, subject).await;
    let ended = client.batch_execute("rollback").await;
    let (attempts, unproved) = tried?;
    ended.map_err(failed)?;
    let (a, b) = subject.tenants;
    Ok(Proof {
        resource: subject.resource.to_owned(),
        table: subject.relation.name.to_string(),
        column: subject.column.to_owned(),
        role: subject.role.map(ToOwned::to_owned),
        tenants: Some((a.to_owned(), b.to_owned())),
        attempts,
        unproved,
    })
}

async fn attempts(client: &Client, subject: &Subject<'_>) -> Result<(Vec<Attempt>, Option<String>)> {
    let (a, b) = subject.tenants;
    let statements = Statements::of(subject);
    // The counter-proof: where no tenant sees his own rows, that he sees no others says nothing.
    enter(client, subject, b, subject.other_claims).await?;
    let theirs = match counted(client, &statements.count, b).await {
        Ok(theirs) => theirs,
        Err(error) => return Ok((Vec::new(), Some(reason(error)?))),
    };
    enter(client, subject, a, subject.claims).await?;
    let own = match counted(client, &statements.count, a).await {
        Ok(own) => own,
        Err(error) => return Ok((Vec::new(), Some(reason(error)?))),
    };
    let unproved = match (own, theirs) {
        (0, _) => Some(format!("tenant `{a}` sees no row of its own")),
        (_, 0) => Some(format!("tenant `{b}` sees no row of its own")),
        _ => None,
    };
    let mut found = Vec::new();
    let mut note = |verb: &str, outcome| {
        found.push(Attempt {
            verb: verb.to_owned(),
            outcome,
        });
    };
    note(
        "select",
        match counted(client, &statements.count, b).await {
            Ok(0) => Outcome::Nothing,
            Ok(_) => Outcome::Reached,
            Err(error) => Outcome::Untried(reason(error)?),
        },
    );
    note("update", attempt(client, &statements.update, &[b]).await?);
    note("delete", attempt(client, &statements.delete, &[b]).await?);
    note("move", attempt(client, &statements.hand_over, &[a, b]).await?);
    if own > 0 {
        let outcome = made(client, subject, &statements, theirs).await?;
        note("insert", outcome);
    }
    Ok((found, unproved))
}

/// Makes a copy of an own row for the other tenant. A trigger may have made it one's own: so the other's are counted.
async fn made(client: &Client, subject: &Subject<'_>, statements: &Statements, before: i64) -> Result<Outcome> {
    let (a, b) = subject.tenants;
    client.batch_execute("savepoint made").await.map_err(failed)?;
    let outcome = match client
        .execute_typed(&statements.insert, &[(&a, Type::TEXT), (&b, Type::TEXT)])
        .await
    {
        Ok(_) => {
            enter(client, subject, b, subject.other_claims).await?;
            match counted(client, &statements.count, b).await {
                Ok(after) if after > before => Outcome::Reached,
                Ok(_) => Outcome::Nothing,
                Err(error) => Outcome::Untried(reason(error)?),
            }
        }
        Err(error) => judged(error)?,
    };
    client
        .batch_execute("rollback to savepoint made")
        .await
        .map_err(failed)?;
    Ok(outcome)
}

/// Runs a statement that is to reach no row, and takes it back.
async fn attempt(client: &Client, statement: &str, values: &[&str]) -> Result<Outcome> {
    let values: Vec<(&(dyn ToSql + Sync), Type)> = values
        .iter()
        .map(|value| (value as &(dyn ToSql + Sync), Type::TEXT))
        .collect();
    client.batch_execute("savepoint tried").await.map_err(failed)?;
    let outcome = match client.execute_typed(statement, &values).await {
        Ok(0) => Outcome::Nothing,
        Ok(_) => Outcome::Reached,
        Err(error) => judged(error)?,
    };
    client
        .batch_execute("rollback to savepoint tried")
        .await
        .map_err(failed)?;
    Ok(outcome)
}

/// What an error says of a statement: policies are asked before constraints, so whoever meets one is past them.
fn judged(error: tokio_postgres::Error) -> Result<Outcome> {
    match error.code() {
        Some(state) if *state == SqlState::INSUFFICIENT_PRIVILEGE => Ok(Outcome::Nothing),
        Some(state) if state.code().starts_with("23") => Ok(Outcome::Reached),
        _ => Ok(Outcome::Untried(reason(error)?)),
    }
}

/// The server's words; an error of the connection is one.
fn reason(error: tokio_postgres::Error) -> Result<String> {
    match error.as_db_error() {
        Some(said) => Ok(said.message().to_owned()),
        None => Err(failed(error)),
    }
}

/// Becomes a tenant for the rest of the transaction, with the settings that requests have.
async fn enter(client: &Client, subject: &Subject<'_>, tenant: &str, claims: &str) -> Result<()> {
    let settings =
        "select set_config('request.jwt.claims', $1, true), set_config('windlass.subject', 'windlass doctor', true),
       set_config('windlass.tenant', $2, true)";
    client
        .query_typed(settings, &[(&claims, Type::TEXT), (&tenant, Type::TEXT)])
        .await
        .map_err(failed)?;
    // Last: it may have the right to nothing but what it is to do.
    if let Some(role) = subject.role {
        client
            .query_typed("select set_config('role', $1, true)", &[(&role, Type::TEXT)])
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// How many rows there are of a tenant, as who asks sees them. A refusal does not end the transaction.
async fn counted(client: &Client, statement: &str, tenant: &str) -> Result<i64, tokio_postgres::Error> {
    client.batch_execute("savepoint counted").await?;
    match client.query_typed(statement, &[(&tenant, Type::TEXT)]).await {
        Ok(rows) => {
            client.batch_execute("release savepoint counted").await?;
            rows.first().map_or(Ok(0), |row| row.try_get(0))
        }
        Err(error) if error.as_db_error().is_some() => {
            client.batch_execute("rollback to savepoint counted").await?;
            if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
                return Ok(0);
            }
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// The statements; values are tenants as text.
struct Statements {
    count: String,
    update: String,
    delete: String,
    hand_over: String,
    insert: String,
}

impl Statements {
    /// Of the other's rows one is enough: if it can be reached, as few as possible are to be locked.
    fn of(subject: &Subject<'_>) -> Self {
        let relation = subject.relation;
        let (table, column) = (quoted(&relation.name), ident(subject.column));
        let sql_type = relation
            .column(subject.column)
            .map_or("text", |column| column.pg_type.sql.as_str());
        let value = |number: u8| format!("(${number}::text)::{sql_type}");
        let (first, second) = (value(1), value(2));
        let one = format!(
            "where {column} = {first} and ctid = any(array(select ctid from {table} where {column} = {first} limit 1))"
        );
        let copied: Vec<String> = relation
            .columns
            .iter()
            .filter(|known| {
                !known.generated && known.identity != Some(Identity::Always) && known.name != subject.column
            })
            .map(|known| ident(&known.name))
            .collect();
        let list = |first: &str| {
            let names = std::iter::once(first).chain(copied.iter().map(String::as_str));
            names.collect::<Vec<_>>().join(", ")
        };
        Self {
            count: format!("select count(*) from {table} where {column} = {first}"),
            update: format!("update {table} set {column} = {column} {one}"),
            delete: format!("delete from {table} {one}"),
            hand_over: format!("update {table} set {column} = {second} {one}"),
            insert: format!(
                "insert into {table} ({}) select {} from {table} where {column} = {first} limit 1",
                list(&column),
                list(&second)
            ),
        }
    }
}
