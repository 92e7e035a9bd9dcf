//! `GET` and `HEAD` on a collection or an item.

use std::sync::Arc;

use salvo::http::StatusCode;

use super::{cost, reckon, stream, written};
use crate::db::stream::too_long;
use crate::db::{csv, lane};
use crate::error::{Code, Error, Result};
use crate::http::forms;
use crate::http::router::Call;
use crate::http::{Refusal, Reply, links, routes};
use crate::plan::{self, Lists, Page, Read, View};
use crate::request::Accept;
use crate::request::{Count, Preconditions, Prefer, Target};
use crate::sql::{self, Rows};
use crate::telemetry::stages::Stage;

/// The headers on which a list depends.
pub(super) const VARY: &str = "accept, prefer, range, range-unit";

pub(in crate::http) async fn answer(call: Call<'_>) -> Result<Reply, Refusal> {
    let Call {
        context,
        resource,
        prefer,
        accept,
        conditions,
        watch,
        ..
    } = call;
    let accept = accept?;
    watch.enter(Stage::Plan);
    let item = matches!(call.target, Target::Item(_));
    let lists = Lists {
        key: &context.cursors,
        streamed: !item && matches!(accept, Accept::Lines | Accept::Csv),
    };
    let view = View {
        snapshot: call.snapshot,
        principal: &call.principal,
    };
    let mut read = plan::read::plan(resource, call.target, call.query, &prefer, &view, lists)?;
    // Groups are few, and refused where they are not.
    let streamed = lists.streamed && !read.grouped();
    if streamed && read.count == Some(Count::Estimated) {
        // Whoever streams expects many rows: counting some of them would only be lost time.
        read.count = Some(Count::Planned);
    }
    watch.enter(Stage::Sql);
    let mut statement = if streamed && call.head {
        sql::read::statement(&read.without_rows())?
    } else {
        sql::read::statement(&read)?
    };
    statement.rows = forms::rows(accept);
    if !item || read.related() || sql::session::matters(resource, &call.principal) {
        sql::session::enter(&mut statement, resource, &call.principal);
    }
    let reckoning = reckon::statement(&read, &call.principal)?;
    watch.enter(Stage::Db);
    let heading = csv::heading(&statement);
    if item {
        // One row by its key costs little; what is related to it may not.
        if read.related() {
            let asked = plan::cost::Asked {
                resource,
                reach: read.reach(),
            };
            cost::guard(context, watch, &call.principal, asked, std::slice::from_ref(&statement)).await?;
        }
        // The shared lane is for what is known to be cheap; related rows may be many.
        let rows = if read.related() || !statement.settings.is_empty() {
            let most = written::most_bytes(context, resource);
            let (context, resource) = (Arc::clone(context), Arc::clone(resource));
            routes::waited(move |gone| async move { context.lanes.list(&statement, &resource, most, gone).await }).await
        } else {
            context.lanes.point(&statement, resource).await
        };
        let mut rows = routes::lane(watch, rows)?;
        if rows.rows == 0 {
            return Err(Error::new(Code::RowNotFound, Code::RowNotFound.title()).into());
        }
        if rows.rows > 1 {
            // A view's key is only said to be unique.
            return Err(Error::new(Code::NotOneRow, Code::NotOneRow.title()).into());
        }
        // Preconditions are about a representation with a tag (RFC 9110 §13.1).
        let conditions = if read.tagged() {
            conditions
        } else {
            Preconditions::default()
        };
        let tag = rows.tag.take();
        let tag = tag.as_deref();
        if !conditions.matches(tag) {
            return Err(Error::new(Code::PreconditionFailed, Code::PreconditionFailed.title())
                .with_details("If-Match: the row has another state")
                .into());
        }
        let reply = if conditions.matches_none(tag) {
            Reply::new(StatusCode::OK).body(accept.media_type(), forms::body(accept, true, &heading, &mut rows))
        } else {
            Reply::new(StatusCode::NOT_MODIFIED)
        };
        let reply = reply.header("vary", "accept");
        // The tag is of the row: another form of it has not the same bytes, so for that it is a weak one (RFC 9110 §8.8.1).
        let weak = if forms::rows(accept) == Rows::Json { "" } else { "W/" };
        return Ok(match tag {
            Some(tag) => reply.header("etag", &format!("{weak}\"{tag}\"")),
            None => reply,
        });
    }
    let asked = plan::cost::Asked {
        resource,
        reach: read.reach(),
    };
    cost::guard(context, watch, &call.principal, asked, std::slice::from_ref(&statement)).await?;
    let reply = if streamed && !call.head {
        let reckoned = match reckoning {
            Some(reckoning) => Some(reckon::ask(context, &read, reckoning).await?),
            None => None,
        };
        stream::answer(context, watch, accept, &read, statement, reckoned).await?
    } else {
        let most = written::most_bytes(context, resource);
        let (context, planned) = (Arc::clone(context), read.clone());
        let rows = routes::waited(move |gone| async move {
            let mut rows = context.lanes.list(&statement, &planned.resource, most, gone).await?;
            if let Some(reckoning) = reckoning.filter(|_| reckon::needed(&planned, rows.total)) {
                let reckoned = reckon::ask(&context, &planned, reckoning).await?;
                rows.total = Some(reckon::at_least(&planned, rows.rows, rows.total, reckoned));
            }
            Ok(rows)
        });
        let mut rows = routes::lane(watch, rows.await)?;
        if streamed {
            stream::head(accept, &read, rows.total)?
        } else {
            let reply = gathered(accept, &read, &heading, &mut rows)?;
            match links::header(&read, &call.raw_query, &rows.edges, lists.key)? {
                Some(links) => reply.header("link", &links),
                None => reply,
            }
        }
    };
    let reply = reply.header("vary", VARY);
    let told = Prefer {
        count: read.count,
        ..prefer
    };
    Ok(match told.applied(false, true) {
        Some(applied) => reply.header("preference-applied", &applied),
        None => reply,
    })
}

/// A list whose rows are all there.
pub(super) fn gathered(accept: Accept, read: &Read, heading: &str, rows: &mut lane::Reply) -> Result<Reply, Refusal> {
    if let Some(limit) = read.limit.filter(|limit| read.capped && rows.rows > *limit) {
        return Err(too_long(&read.resource, limit).into());
    }
    let status = status(read, rows.rows, rows.total)?;
    let range = content_range(read, Some(rows.rows), rows.total);
    let body = match accept {
        Accept::Object if rows.rows != 1 => {
            return Err(Error::new(Code::NotOneRow, Code::NotOneRow.title())
                .with_details(format!("the result has {} rows", rows.rows))
                .into());
        }
        _ => forms::body(accept, accept == Accept::Object, heading, rows),
    };
    Ok(Reply::new(status)
        .body(accept.media_type(), body)
        .header("content-range", &range))
}

/// 206 for a part of the rows that match, where these were counted. What is only reckoned refuses no page.
///
/// # Errors
/// 416 for a page beyond all of them.
pub(super) fn status(read: &Read, rows: u64, total: Option<u64>) -> Result<StatusCode, Refusal> {
    if let (Page::Offset(offset @ 1..), Some(total)) = (&read.page, total)
        && read.count == Some(Count::Exact)
        && *offset >= total
    {
        return Err(Refusal::range(*offset, total));
    }
    let partial = rows > 0 && total.is_some_and(|total| rows < total);
    Ok(if partial {
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    })
}

/// `0-49/1234`, `*/0`; the total is `*` where it was not asked for, and so is the part where nobody knows its place: on
/// the page of a cursor, and in a stream whose rows were not counted before.
pub(super) fn content_range(read: &Read, rows: Option<u64>, total: Option<u64>) -> String {
    let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    match (&read.page, rows) {
        (Page::Offset(offset), Some(rows @ 1..)) => format!("{offset}-{}/{total}", offset + rows - 1),
        _ => format!("*/{total}"),
    }
}
