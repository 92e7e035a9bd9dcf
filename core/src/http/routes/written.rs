//! What all writes share: running them in a task of their own, and their replies.

use std::sync::Arc;

use salvo::http::StatusCode;

use crate::app::Context;
use crate::catalog::RelationKind;
use crate::db::lane;
use crate::error::{Code, Error, Result};
use crate::http::Reply;
use crate::http::accept::Accept;
use crate::http::router::Call;
use crate::plan::{Action, Write};
use crate::request::json;
use crate::request::{Prefer, Return};
use crate::telemetry::stages::{Stage, Stopwatch};
use crate::{sql, validate};

/// Reads a body as JSON and checks it against a model of the resource; then it is time to plan.
pub(super) fn check(call: &mut Call<'_>, model: validate::Model, bytes: &[u8]) -> Result<validate::Checked> {
    let value = json::parse(bytes)?;
    call.watch.enter(Stage::Validate);
    let checked = validate::body(call.resource, model, &value)?;
    call.watch.enter(Stage::Plan);
    Ok(checked)
}

/// Runs a write in a task of its own: a client who hangs up cannot leave half of it.
pub(super) async fn run(
    context: &Arc<Context>,
    watch: &mut Stopwatch,
    write: Write,
    prefer: Prefer,
    accept: Accept,
) -> Result<Reply> {
    watch.enter(Stage::Sql);
    let statements = sql::write::statements(&write)?;
    watch.enter(Stage::Db);
    let context = Arc::clone(context);
    let task = tokio::spawn(async move {
        let many = matches!(&write.action, Action::Create { many: true, .. });
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
        let checks = lane::Checks {
            rules: if write.verify { Some(&rule) } else { None },
            // A table's key is unique; a view's key is only said to be.
            one: write.item && write.resource.kind != RelationKind::Table,
            exactly_one: !write.item && accept == Accept::Object && write.returns == Return::Representation,
        };
        let rows = context.lanes.write(&statements, &write.resource, checks).await;
        (write, rows)
    });
    let (write, rows) = task.await.map_err(Error::internal)?;
    reply(&write, super::lane(watch, rows)?, &prefer, accept)
}

fn reply(write: &Write, mut rows: lane::Reply, prefer: &Prefer, accept: Accept) -> Result<Reply> {
    if write.item && rows.rows == 0 {
        return Err(Error::new(Code::RowNotFound, Code::RowNotFound.title()));
    }
    let create = matches!(write.action, Action::Create { .. });
    let single = write.item || matches!(write.action, Action::Create { many: false, .. });
    let shown = write.returns == Return::Representation;
    let status = match (create, shown) {
        (true, _) => StatusCode::CREATED,
        (false, true) => StatusCode::OK,
        (false, false) => StatusCode::NO_CONTENT,
    };
    let mut reply = Reply::new(status);
    if shown {
        let object = single || accept == Accept::Object;
        reply = reply.body(
            accept.media_type(),
            if object {
                std::mem::take(&mut rows.json)
            } else {
                rows.array()
            },
        );
    }
    if create && single && !rows.key.is_empty() {
        reply = reply.header("location", &location(&write.resource.path, &rows.key));
    }
    if !single {
        reply = reply.header("content-range", &format!("*/{}", rows.rows));
    }
    Ok(match prefer.applied(true, false) {
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
