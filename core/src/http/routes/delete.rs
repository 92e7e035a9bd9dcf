//! `DELETE` on an item, or on the rows that a filter picks.

use super::written;
use crate::contract::Verb;
use crate::error::Result;
use crate::http::Reply;
use crate::http::router::Call;
use crate::plan::{self, View};
use crate::telemetry::stages::Stage;

pub(in crate::http) async fn answer(call: Call<'_>) -> Result<Reply> {
    call.watch.enter(Stage::Plan);
    plan::write::allow(call.resource, Verb::Delete, &call.principal)?;
    let view = View {
        snapshot: call.snapshot,
        principal: &call.principal,
    };
    let write = plan::write::delete(call.resource, &call.target, call.query, &call.prefer, &view)?;
    written::run(call.context, call.watch, write, call.prefer, call.accept).await
}
