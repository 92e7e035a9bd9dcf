//! `PATCH` on an item, or on the rows that a filter picks.

use salvo::Request;

use super::written;
use crate::contract::Verb;
use crate::error::Result;
use crate::http::router::Call;
use crate::http::{Reply, body, once};
use crate::plan::{self, View};
use crate::validate::Model;

pub(in crate::http) async fn answer(mut call: Call<'_>, request: &mut Request) -> Result<Reply> {
    plan::write::allow(call.resource, Verb::Update, &call.principal)?;
    let body = body::json(request, &call.context.limits).await?;
    let once = once::of(request, &call.principal, &body)?;
    let checked = written::check(&mut call, Model::Update, &body)?;
    let view = View {
        snapshot: call.snapshot,
        principal: &call.principal,
    };
    let write = plan::write::update(call.resource, &call.target, call.query, &call.prefer, &view, checked)?;
    let write = write.with_conditions(call.conditions, &call.principal)?;
    let asked = written::Asked {
        prefer: call.prefer,
        accept: written::form(&write, call.accept)?,
        once,
        array: false,
    };
    written::run(call.context, call.watch, write, asked).await
}
