//! `DELETE` on an item, or on the rows that a filter picks.

use salvo::Request;

use super::written;
use crate::contract::Verb;
use crate::error::Result;
use crate::http::router::Call;
use crate::http::{Reply, once};
use crate::plan::{self, View};
use crate::telemetry::stages::Stage;

pub(in crate::http) async fn answer(call: Call<'_>, request: &Request) -> Result<Reply> {
    call.watch.enter(Stage::Plan);
    plan::write::allow(call.resource, Verb::Delete, &call.principal)?;
    let once = once::of(request, &call.principal, b"")?;
    let view = View {
        snapshot: call.snapshot,
        principal: &call.principal,
    };
    let write = plan::write::delete(call.resource, &call.target, call.query, &call.prefer, &view)?;
    let write = write.with_conditions(call.conditions, &call.principal)?;
    let asked = written::Asked {
        prefer: call.prefer,
        accept: written::form(&write, call.accept)?,
        once,
        array: false,
    };
    written::run(call.context, call.watch, write, asked).await
}
