//! `PUT` on an item: every writable field takes the body's value, or its default.

use salvo::Request;

use super::written;
use crate::contract::Verb;
use crate::error::{Code, Error, Result};
use crate::http::router::Call;
use crate::http::{Reply, body, once};
use crate::plan::{self, View};
use crate::request::Target;
use crate::validate::Model;

pub(in crate::http) async fn answer(mut call: Call<'_>, request: &mut Request) -> Result<Reply> {
    plan::write::allow(call.resource, Verb::Update, &call.principal)?;
    let body = body::json(request, &call.context.limits).await?;
    let once = once::of(request, &call.principal, &body)?;
    let checked = written::check(&mut call, Model::Replace, &body)?;
    let Target::Item(key) = &call.target else {
        return Err(Error::new(Code::MethodNotAllowed, Code::MethodNotAllowed.title()));
    };
    let view = View {
        snapshot: call.snapshot,
        principal: &call.principal,
    };
    let write = plan::write::replace(call.resource, key, call.query, &call.prefer, &view, checked)?;
    let write = write.with_conditions(call.conditions, &call.principal)?;
    let asked = written::Asked {
        prefer: call.prefer,
        accept: written::form(&write, call.accept)?,
        once,
        array: call.by_filter,
    };
    written::run(call.context, call.watch, write, asked).await
}
