//! `POST` on a collection: one row, or an array in one transaction.

use salvo::Request;

use super::written;
use crate::contract::Verb;
use crate::error::Result;
use crate::http::router::Call;
use crate::http::{Reply, body, once};
use crate::plan;
use crate::validate::Model;

pub(in crate::http) async fn answer(mut call: Call<'_>, request: &mut Request) -> Result<Reply> {
    plan::write::allow(call.resource, Verb::Create, &call.principal)?;
    let body = body::json(request, &call.context.limits).await?;
    let once = once::of(request, &call.principal, &body)?;
    // Who asks for the rows in PostgREST's words expects its form of the reply, too: an array.
    let array = call.prefer.returns.is_some();
    let checked = written::check(&mut call, Model::Create, &body)?;
    written::answer(call, once, array, |resource, query, prefer, view| {
        plan::write::create(resource, query, prefer, view, checked)
    })
    .await
}
