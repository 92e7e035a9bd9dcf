//! `POST` on a collection: one row, or an array in one transaction.

use salvo::Request;

use super::written;
use crate::contract::Verb;
use crate::error::Result;
use crate::http::router::Call;
use crate::http::{Reply, body};
use crate::plan;
use crate::validate::Model;

pub(in crate::http) async fn answer(call: Call<'_>, request: &mut Request) -> Result<Reply> {
    plan::write::allow(call.resource, Verb::Create, &call.principal)?;
    let checked = written::check(&call, Model::Create, &body::json(request, &call.context.limits).await?)?;
    let write = plan::write::create(call.resource, call.query, &call.prefer, &call.principal, checked)?;
    written::run(call.context, write, call.prefer, call.accept).await
}
