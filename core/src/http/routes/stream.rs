//! Lists that are streamed: NDJSON and CSV.

use std::sync::Arc;

use salvo::http::StatusCode;

use super::read::{content_range, status};
use crate::app::Context;
use crate::db::stream::{Chunks, Task, too_long};
use crate::error::{Code, Result};
use crate::http::{Refusal, Reply, forms};
use crate::plan::{Page, Read};
use crate::request::Accept;
use crate::request::Count;
use crate::sql::Statement;
use crate::telemetry::stages::{Stage, Stopwatch};

/// Answers as soon as the first row is there; what goes wrong before is refused like that of any list.
pub(super) async fn answer(
    context: &Context,
    watch: &mut Stopwatch,
    accept: Accept,
    read: &Read,
    statement: Statement,
    reckoned: Option<u64>,
) -> Result<Reply, Refusal> {
    let (total, chunks) = started(context, watch, accept, read, statement).await?;
    // Refused with its count, it is dropped, which ends the statement.
    Ok(begun(read, total.or(reckoned))?.stream(accept.media_type(), chunks))
}

/// Rows of which neither place nor number is told.
pub(super) async fn rows(
    context: &Context,
    watch: &mut Stopwatch,
    accept: Accept,
    read: &Read,
    statement: Statement,
) -> Result<Reply, Refusal> {
    let (_, chunks) = started(context, watch, accept, read, statement).await?;
    Ok(Reply::new(StatusCode::OK).stream(accept.media_type(), chunks))
}

/// Starts a stream; gives how many rows match, where they were counted, and the rows.
async fn started(
    context: &Context,
    watch: &mut Stopwatch,
    accept: Accept,
    read: &Read,
    statement: Statement,
) -> Result<(Option<u64>, Chunks)> {
    let task = Task {
        statement: Statement {
            rows: forms::rows(accept),
            ..statement
        },
        resource: Arc::clone(&read.resource),
        limit: context.limits.stream_timeout,
        most: read.limit.filter(|_| read.capped),
        stall: context.limits.stream_stall,
        call: read.resource.is_called(),
    };
    let stream = context.lanes.stream(task).await;
    match &stream {
        Ok(stream) => watch.waited(stream.wait),
        Err(error) if error.code() == Code::PoolTimeout => watch.waited_in_vain(),
        Err(_) => {}
    }
    watch.enter(Stage::Http);
    let stream = stream?;
    Ok((stream.total, stream.chunks))
}

/// The headers of a stream, to `HEAD`.
pub(super) fn head(accept: Accept, read: &Read, total: Option<u64>) -> Result<Reply, Refusal> {
    Ok(begun(read, total)?.unsent(accept.media_type()))
}

/// Status and headers. Rows and their count are of one moment: with a count it is known how many will come.
///
/// # Errors
/// 416 for a page beyond all rows; `reply_too_large` where more would come than may.
fn begun(read: &Read, total: Option<u64>) -> Result<Reply, Refusal> {
    let rows = match (&read.page, total) {
        (Page::Offset(offset), Some(total)) if read.count == Some(Count::Exact) => {
            let (rest, limit) = (total.saturating_sub(*offset), read.limit.unwrap_or(u64::MAX));
            if read.capped && rest > limit {
                return Err(too_long(&read.resource, limit).into());
            }
            Some(rest.min(limit))
        }
        _ => None,
    };
    let status = status(read, rows.unwrap_or(0), total)?;
    Ok(Reply::new(status).header("content-range", &content_range(read, rows, total)))
}
