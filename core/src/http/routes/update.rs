//! `PATCH` on an item, or on the rows that a filter picks.

use salvo::Request;

use super::written;
use crate::contract::Verb;
use crate::error::Result;
use crate::http::router::Call;
use crate::http::{Reply, body, once};
use crate::plan;
use crate::validate::Model;

pub(in crate::http) async fn answer(mut call: Call<'_>, request: &mut Request) -> Result<Reply> {
    plan::write::allow(call.resource, Verb::Update, &call.principal)?;
    let body = body::json(request, &call.context.limits).await?;
    let once = once::of(request, &call.principal, &body)?;
    let checked = written::check(&mut call, Model::Update, &body)?;
    let target = call.target.clone();
    written::answer(call, once, false, |resource, query, prefer, view| {
        plan::write::update(resource, &target, query, prefer, view, checked)
    })
    .await
}
