//! `GET` and `HEAD` on a collection or an item.

use std::sync::Arc;

use salvo::http::StatusCode;

use crate::error::{Code, Error, Result};
use crate::http::accept::Accept;
use crate::http::router::Call;
use crate::http::routes::lane;
use crate::http::{Refusal, Reply};
use crate::plan;
use crate::request::{Count, Target};
use crate::sql;
use crate::telemetry::stages::Stage;

pub(in crate::http) async fn answer(call: Call<'_>) -> Result<Reply, Refusal> {
    call.watch.enter(Stage::Plan);
    let item = matches!(call.target, Target::Item(_));
    let read = plan::read::plan(call.resource, call.target, call.query, &call.prefer, &call.principal)?;
    call.watch.enter(Stage::Sql);
    let statement = sql::read::statement(&read)?;
    call.watch.enter(Stage::Db);
    let lanes = &call.context.lanes;
    if item {
        let rows = lane(call.watch, lanes.point(&statement, call.resource).await)?;
        if rows.rows == 0 {
            return Err(Error::new(Code::RowNotFound, Code::RowNotFound.title()).into());
        }
        if rows.rows > 1 {
            // A view's key is only said to be unique.
            return Err(Error::new(Code::NotOneRow, Code::NotOneRow.title()).into());
        }
        return Ok(Reply::new(StatusCode::OK).body(call.accept.media_type(), rows.json));
    }
    let planned = read.count.map(|_| sql::read::planned(&read)).transpose()?;
    // In a task of its own: a client who hangs up gives its lane back when the statement ends, not before,
    // so that no more statements run than there are lanes.
    let (context, resource) = (Arc::clone(call.context), Arc::clone(call.resource));
    let (count, most) = (read.count, u64::from(resource.page.max));
    let task = tokio::spawn(async move {
        let mut rows = context.lanes.list(&statement, &resource).await?;
        // What was counted up to the resource's largest page and beyond is left to the planner.
        let beyond = count == Some(Count::Estimated) && rows.total.is_some_and(|total| total > most);
        if let Some(planned) = planned.filter(|_| beyond || count == Some(Count::Planned)) {
            let answer = context.lanes.list(&planned, &resource).await?;
            let least = rows
                .total
                .unwrap_or(0)
                .max(if rows.rows > 0 { read.offset + rows.rows } else { 0 });
            rows.total = Some(sql::read::planned_rows(&answer.json)?.max(least));
        }
        Ok(rows)
    });
    // What is only reckoned refuses no page.
    let exact = read.count == Some(Count::Exact);
    let mut rows = lane(call.watch, task.await.map_err(Error::internal)?)?;
    if let Some(total) = rows
        .total
        .filter(|total| exact && read.offset > 0 && read.offset >= *total)
    {
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
