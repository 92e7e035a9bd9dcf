//! What all writes share: running them in a task of their own, and their replies.

use std::sync::Arc;
use std::time::Duration;

use salvo::http::StatusCode;

use crate::app::Context;
use crate::catalog::RelationKind;
use crate::contract::Resource;
use crate::db::once::Once;
use crate::db::transaction::{Checks, Compose, Judge};
use crate::db::{csv, lane};
use crate::error::{Code, Error, Result};
use crate::http::forms;
use crate::http::router::Call;
use crate::http::{Reply, once};
use crate::plan::{Action, Condition, Output, Principal, Reach, View, Write, cost};
use crate::request::Accept;
use crate::request::json;
use crate::request::{Prefer, Query, Resolution, Return, TransactionEnd};
use crate::sql::Statement;
use crate::telemetry::stages::{Stage, Stopwatch};
use crate::{sql, validate};

/// How long a request waits for another one with its key, before it is told to come again: the lane is free meanwhile.
pub(super) static WAITS: [Duration; 4] = [
    Duration::from_millis(15),
    Duration::from_millis(30),
    Duration::from_millis(60),
    Duration::from_millis(120),
];

/// How a write is to be answered.
struct Asked {
    principal: Principal,
    prefer: Prefer,
    accept: Accept,
    once: Option<Once>,
    array: bool,
}

/// Reads a body as JSON and checks it against a model of the resource; then it is time to plan.
pub(super) fn check(call: &mut Call<'_>, model: validate::Model, bytes: &[u8]) -> Result<validate::Checked> {
    let mut value = json::parse(bytes)?;
    call.watch.enter(Stage::Validate);
    validate::shape(
        call.resource,
        &mut value,
        call.query.columns.as_deref(),
        call.prefer.missing,
    )?;
    let checked = validate::body(call.resource, model, &value)?;
    if !checked.many && call.query.columns.is_none() {
        // One row has the fields that it has: none is missing, and nothing is to be told of it.
        call.prefer.missing = None;
    }
    call.watch.enter(Stage::Plan);
    Ok(checked)
}

/// Plans a write, runs it and answers. `array`: whether the rows of the reply are one, though the body was one row.
pub(super) async fn answer(
    call: Call<'_>,
    once: Option<Once>,
    array: bool,
    plan: impl FnOnce(&Arc<Resource>, Query, &Prefer, &View<'_>) -> Result<Write>,
) -> Result<Reply> {
    let view = View {
        snapshot: call.snapshot,
        principal: &call.principal,
    };
    let write = plan(call.resource, call.query, &call.prefer, &view)?;
    let write = write.with_conditions(call.conditions)?;
    let asked = Asked {
        principal: call.principal,
        prefer: call.prefer,
        accept: form(&write, call.accept)?,
        once,
        array,
    };
    run(call.context, call.watch, write, asked).await
}

/// Runs a write in a task of its own: a client who hangs up cannot leave half of it.
async fn run(context: &Arc<Context>, watch: &mut Stopwatch, write: Write, asked: Asked) -> Result<Reply> {
    watch.enter(Stage::Sql);
    let mut statements = sql::write::statements(&write)?;
    for statement in &mut statements {
        statement.rows = forms::rows(asked.accept);
        sql::session::enter(statement, &write.resource, &asked.principal);
    }
    let heading = heading(&statements);
    let current = sql::write::current(&write)?;
    watch.enter(Stage::Db);
    // Rows that the path or the body names are found by their key; what is related to them may not be.
    let named = Condition::All(Vec::new());
    let condition = match &write.action {
        Action::Update(condition, _) | Action::Delete(condition) if !write.item => Some(condition),
        _ if write.output.iter().any(Output::is_related) => Some(&named),
        _ => None,
    };
    if let Some(condition) = condition {
        let reach = Reach {
            condition,
            output: &write.output,
            order: &write.order,
        };
        let picked = cost::Asked {
            resource: &write.resource,
            reach,
        };
        super::cost::guard(context, watch, &asked.principal, picked, &statements).await?;
    }
    let context = Arc::clone(context);
    let task = tokio::spawn(async move {
        let mut waits = WAITS.iter();
        let rows = loop {
            let rows = attempt(&context, &statements, current.as_ref(), &write, &asked).await;
            match wait(&rows, &mut waits) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => break rows,
            }
        };
        (write, asked, rows)
    });
    let (write, asked, rows) = task.await.map_err(Error::internal)?;
    let mut rows = super::lane(watch, rows)?;
    match rows.kept.take() {
        Some(kept) => once::send(kept),
        None => reply(&write, &mut rows, &asked, &heading),
    }
}

/// Most bytes of rows that one reply may gather.
pub(super) fn most_bytes(context: &Context, resource: &Resource) -> u64 {
    let own = resource.page.max_bytes.unwrap_or(u64::MAX);
    own.min(context.limits.reply)
}

/// How long to wait before another try, while another request with the same key is at work.
pub(super) fn wait(
    rows: &Result<lane::Reply>,
    waits: &mut impl Iterator<Item = &'static Duration>,
) -> Option<Duration> {
    match rows {
        Err(error) if error.code() == Code::IdempotencyInFlight => waits.next().copied(),
        _ => None,
    }
}

async fn attempt(
    context: &Context,
    statements: &[Statement],
    current: Option<&Statement>,
    write: &Write,
    asked: &Asked,
) -> Result<lane::Reply> {
    // Rows that were left out are not counted, and those in an order of their own come as they like: the place of a row in
    // the body is not known then.
    let many = matches!(&write.action, Action::Create { many: true, conflict, .. }
        if write.order.is_empty() && conflict.as_ref().is_none_or(|conflict| conflict.resolution != Resolution::Ignore));
    let rule = |row: usize, stored: &serde_json::Value| {
        let mut at = vec!["body".into()];
        if many {
            at.push(row.into());
        }
        let violations = validate::stored_row(&write.resource, stored, &at);
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Error::invalid(violations))
        }
    };
    let judge = |tag: Option<&str>| {
        if tag.is_none() && !matches!(write.action, Action::Put(..)) {
            // Without the precondition it would be refused as well (RFC 9110 §13.2.1).
            return Err(Error::new(Code::RowNotFound, Code::RowNotFound.title()));
        }
        write.conditions.hold(tag)
    };
    let deleted = matches!(write.action, Action::Delete(_)) && write.item && !write.conditions.is_empty();
    let heading = heading(statements);
    let compose = |rows: &mut lane::Reply| reply(write, rows, asked, &heading).map(once::keep);
    let rollback = asked.prefer.end == Some(TransactionEnd::Rollback);
    let shown = write.returns == Return::Representation;
    let many_rows = !write.item && !matches!(write.action, Action::Create { many: false, .. });
    let related = write.output.iter().any(Output::is_related);
    let checks = Checks {
        before: current.map(|statement| (statement, &judge as Judge<'_>)),
        deleted: if deleted { Some(&judge) } else { None },
        most: write.most,
        // What is not stored need not be kept from happening twice.
        once: asked
            .once
            .as_ref()
            .filter(|_| !rollback)
            .map(|once| (once, &compose as Compose<'_>)),
        rollback,
        rules: if write.verify { Some(&rule) } else { None },
        rows: match write.item {
            // A table's key is unique; a view's key is only said to be.
            true => (write.resource.kind != RelationKind::Table).then_some((0, 1)),
            false => (asked.accept == Accept::Object && shown).then_some((1, 1)),
        },
        // One row is as large as it is; many, or what is related to one, are bounded as in lists.
        bytes: (shown && (many_rows || related)).then(|| most_bytes(context, &write.resource)),
        ..Checks::default()
    };
    context.lanes.write(statements, &write.resource, checks).await
}

/// The form of the rows that a write returns. Where it returns none, no form is refused.
fn form(write: &Write, accept: Result<Accept>) -> Result<Accept> {
    if write.returns == Return::Representation {
        accept
    } else {
        Ok(accept.unwrap_or(Accept::Json))
    }
}

/// What stands in front of the rows of a write; its statements have the same columns.
fn heading(statements: &[Statement]) -> String {
    statements.first().map(csv::heading).unwrap_or_default()
}

fn reply(write: &Write, rows: &mut lane::Reply, asked: &Asked, heading: &str) -> Result<Reply> {
    if write.item && rows.rows == 0 {
        return Err(Error::new(Code::RowNotFound, Code::RowNotFound.title()));
    }
    let (create, single, resolution) = match &write.action {
        Action::Create { many, conflict, .. } => (true, !many, conflict.as_ref().map(|conflict| conflict.resolution)),
        _ => (false, write.item, None),
    };
    let put = matches!(write.action, Action::Put(..));
    let shown = write.returns == Return::Representation;
    let created = match (create, resolution) {
        (true, Some(Resolution::Merge)) => rows.inserted > 0,
        (true, Some(Resolution::Ignore)) => rows.rows > 0,
        (true, None) => true,
        (false, _) => put && rows.inserted > 0,
    };
    let status = match (created, shown) {
        (true, _) => StatusCode::CREATED,
        (false, true) => StatusCode::OK,
        // As PostgREST: an upsert that creates nothing is 200 whatever it returns.
        (false, false) if create => StatusCode::OK,
        (false, false) => StatusCode::NO_CONTENT,
    };
    let mut reply = Reply::new(status);
    if shown {
        // A row that was left out cannot be told as an object.
        let object = asked.accept == Accept::Object || single && !asked.array && rows.rows == 1;
        reply = reply.body(
            asked.accept.media_type(),
            forms::body(asked.accept, object, heading, rows),
        );
    }
    // Where a row was merged, its key tells of a row that may not be the client's to read.
    if single && !rows.key.is_empty() && (created || create && write.readable) {
        reply = reply.header("location", &location(&write.resource.path, &rows.key));
    }
    if !matches!(write.action, Action::Delete(_))
        && let Some(tag) = &rows.tag
    {
        reply = reply.header("etag", &format!("\"{tag}\""));
    }
    // PostgREST's clients take the count of a write of one row from there, too.
    if !single || asked.prefer.count.is_some() {
        reply = reply.header("content-range", &format!("*/{}", rows.rows));
    }
    let applied = asked.prefer.applied_to_write(resolution.is_some(), create, true);
    Ok(match applied {
        Some(applied) => reply.header("preference-applied", &applied),
        None => reply,
    })
}

/// `/api/leads/17`, or `/api/events/7,3` for a key of two columns.
fn location(path: &str, key: &[String]) -> String {
    let encoded = |value: &String| {
        percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC)
            .to_string()
            .replace("%2D", "-")
    };
    format!("{path}/{}", key.iter().map(encoded).collect::<Vec<_>>().join(","))
}
