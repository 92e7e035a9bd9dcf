//! `DELETE` on an item, or on the rows that a filter picks.

use salvo::Request;

use super::written;
use crate::contract::Verb;
use crate::error::Result;
use crate::http::router::Call;
use crate::http::{Reply, once};
use crate::plan;
use crate::telemetry::stages::Stage;

pub(in crate::http) async fn answer(call: Call<'_>, request: &Request) -> Result<Reply> {
    call.watch.enter(Stage::Plan);
    plan::write::allow(call.resource, Verb::Delete, &call.principal)?;
    let once = once::of(request, &call.principal, b"")?;
    let target = call.target.clone();
    written::answer(call, once, false, |resource, query, prefer, view| {
        plan::write::delete(resource, &target, query, prefer, view)
    })
    .await
}
