//! `/health/live`: the process turns over. `/health/ready`: requests can be served.

use std::sync::Arc;

use salvo::http::StatusCode;

use crate::app::Context;
use crate::http::Reply;

const JSON: &str = "application/json";

pub(in crate::http) fn live() -> Reply {
    Reply::new(StatusCode::OK)
        .body(JSON, &br#"{"status":"ok"}"#[..])
        .header("cache-control", "no-store")
}

pub(in crate::http) async fn ready(context: &Arc<Context>) -> Reply {
    let (status, body) = if context.is_stopping() {
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"stopping","checks":{}}"#)
    } else if context.lanes.ping().await.is_ok() {
        (StatusCode::OK, r#"{"status":"ready","checks":{"database":"ok"}}"#)
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"status":"unavailable","checks":{"database":"unreachable"}}"#,
        )
    };
    let reply = Reply::new(status)
        .body(JSON, body.as_bytes())
        .header("cache-control", "no-store");
    if status == StatusCode::OK {
        reply
    } else {
        reply.header("retry-after", "1")
    }
}
