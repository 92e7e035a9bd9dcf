//! `PUT` on an item: every writable field takes the body's value, or its default.

use salvo::Request;

use super::written;
use crate::contract::Verb;
use crate::error::{Code, Error, Result};
use crate::http::router::Call;
use crate::http::{Reply, body, once};
use crate::plan;
use crate::request::Target;
use crate::validate::Model;

pub(in crate::http) async fn answer(mut call: Call<'_>, request: &mut Request) -> Result<Reply> {
    plan::write::allow(call.resource, Verb::Update, &call.principal)?;
    let body = body::json(request, &call.context.limits).await?;
    let once = once::of(request, &call.principal, &body)?;
    let checked = written::check(&mut call, Model::Replace, &body)?;
    let Target::Item(key) = call.target.clone() else {
        return Err(Error::new(Code::MethodNotAllowed, Code::MethodNotAllowed.title()));
    };
    let array = call.by_filter;
    written::answer(call, once, array, |resource, query, prefer, view| {
        plan::write::replace(resource, &key, query, prefer, view, checked)
    })
    .await
}
