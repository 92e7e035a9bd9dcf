//! `GET` and `HEAD` on a collection or an item.

use std::sync::Arc;

use salvo::http::StatusCode;

use crate::error::{Code, Error, Result};
use crate::http::accept::Accept;
use crate::http::router::Call;
use crate::http::routes::lane;
use crate::http::{Refusal, Reply};
use crate::plan::{self, View};
use crate::request::Target;
use crate::sql;
use crate::telemetry::stages::Stage;

pub(in crate::http) async fn answer(call: Call<'_>) -> Result<Reply, Refusal> {
    call.watch.enter(Stage::Plan);
    let item = matches!(call.target, Target::Item(_));
    let view = View {
        snapshot: call.snapshot,
        principal: &call.principal,
    };
    let read = plan::read::plan(call.resource, call.target, call.query, &call.prefer, &view)?;
    call.watch.enter(Stage::Sql);
    let statement = sql::read::statement(&read)?;
    call.watch.enter(Stage::Db);
    // The shared lane is for what is known to be cheap; related rows may be many.
    let rows = if item && read.embeds.is_empty() {
        call.context.lanes.point(&statement, call.resource).await
    } else {
        // In a task of its own: a client who hangs up gives its lane back when the statement ends, not before,
        // so that no more statements run than there are lanes.
        let (context, resource) = (Arc::clone(call.context), Arc::clone(call.resource));
        let task = tokio::spawn(async move { context.lanes.list(&statement, &resource).await });
        task.await.map_err(Error::internal)?
    };
    let mut rows = lane(call.watch, rows)?;
    if item {
        if rows.rows == 0 {
            return Err(Error::new(Code::RowNotFound, Code::RowNotFound.title()).into());
        }
        if rows.rows > 1 {
            // A view's key is only said to be unique.
            return Err(Error::new(Code::NotOneRow, Code::NotOneRow.title()).into());
        }
        return Ok(Reply::new(StatusCode::OK).body(call.accept.media_type(), rows.json));
    }
    if let Some(total) = rows.total.filter(|total| read.offset > 0 && read.offset >= *total) {
        return Err(Refusal::range(read.offset, total));
    }
    let partial = rows.rows > 0 && rows.total.is_some_and(|total| rows.rows < total);
    let status = if partial {
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    };
    let body = match call.accept {
        Accept::Json => rows.array(),
        Accept::Object if rows.rows == 1 => rows.json,
        Accept::Object => {
            return Err(Error::new(Code::NotOneRow, Code::NotOneRow.title())
                .with_details(format!("the result has {} rows", rows.rows))
                .into());
        }
    };
    let reply = Reply::new(status)
        .body(call.accept.media_type(), body)
        .header("vary", "accept")
        .header("content-range", &content_range(read.offset, rows.rows, rows.total));
    Ok(match call.prefer.applied(false, true) {
        Some(applied) => reply.header("preference-applied", &applied),
        None => reply,
    })
}

/// `0-49/1234`, `*/0`; the total is `*` where it was not asked for.
fn content_range(offset: u64, rows: u64, total: Option<u64>) -> String {
    let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    if rows == 0 {
        format!("*/{total}")
    } else {
        format!("{offset}-{}/{total}", offset + rows - 1)
    }
}
