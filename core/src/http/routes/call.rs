//! `/api/rpc/…`: calls of functions. What only reads is answered like a list; what writes runs like a write.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use salvo::Request;
use salvo::http::StatusCode;

use super::read::{VARY, content_range, gathered, status};
use super::{cost, stream, written};
use crate::app::Context;
use crate::contract::{Function, Outcome, Overload, Snapshot, Whole};
use crate::db::once::Once;
use crate::db::transaction::{Checks, Compose};
use crate::db::{csv, lane};
use crate::error::{Error, Result};
use crate::http::body::{self, Media};
use crate::http::forms;
use crate::http::router::words;
use crate::http::{Refusal, Reply, once};
use crate::plan::call::{self, Given};
use crate::plan::{self, Lists, Principal, View};
use crate::request::Accept;
use crate::request::arguments::{self, Known};
use crate::request::json::{self, Json};
use crate::request::{Page, Prefer, Query, Return, TransactionEnd, query};
use crate::sql::Statement;
use crate::telemetry::stages::{Stage, Stopwatch};
use crate::{sql, validate};

/// What the route gets: the request's parts, read once.
pub(in crate::http) struct Called<'a> {
    pub(in crate::http) context: &'a Arc<Context>,
    pub(in crate::http) function: &'a Arc<Function>,
    pub(in crate::http) snapshot: &'a Snapshot,
    pub(in crate::http) principal: Principal,
    pub(in crate::http) prefer: Prefer,
    /// Whether only the headers are wanted.
    pub(in crate::http) head: bool,
    pub(in crate::http) watch: &'a mut Stopwatch,
}

/// The function that is meant, with checked arguments, and what is asked of its rows.
struct Asked<'f> {
    overload: &'f Arc<Overload>,
    arguments: validate::Arguments,
    query: Query,
}

/// `GET` and `HEAD`: the query string holds the arguments.
pub(in crate::http) async fn get(called: Called<'_>, request: &Request) -> Result<Reply, Refusal> {
    call::allow(called.function, &called.principal)?;
    let overloads = &called.function.overloads;
    let split = arguments::split(request.uri().query().unwrap_or(""), |name| Known {
        argument: overloads
            .iter()
            .any(|overload| overload.arguments.by_name.contains_key(name)),
        column: overloads
            .iter()
            .any(|overload| overload.outcome.is_rows() && overload.rows.by_name.contains_key(name)),
    })?;
    let query = query::parse(&split.rest)?;
    let names: Vec<&str> = split.arguments.iter().map(|(name, _)| name.as_str()).collect();
    let given = Given::Names {
        names: &names,
        body: false,
    };
    let overload = call::choose(called.function, given)?;
    if !overload.reads {
        return Err(Refusal::method("POST, OPTIONS".to_owned()));
    }
    called.watch.enter(Stage::Validate);
    let arguments = validate::texts(overload, &split.arguments)?;
    let asked = Asked {
        overload,
        arguments,
        query,
    };
    read(called, request, asked).await
}

/// `POST`: the body holds the arguments, the query string asks something of the rows.
pub(in crate::http) async fn post(called: Called<'_>, request: &mut Request) -> Result<Reply, Refusal> {
    call::allow(called.function, &called.principal)?;
    let media = body::media(request).ok_or_else(body::unsupported)?;
    let bytes = body::whole(request, &called.context.limits).await?;
    let query = query::parse(request.uri().query().unwrap_or(""))?;
    let function = Arc::clone(called.function);
    let (overload, arguments) = from_body(&function, media, &bytes, called.watch)?;
    let asked = Asked {
        overload,
        arguments,
        query,
    };
    if overload.reads {
        return read(called, request, asked).await;
    }
    let once = once::of(request, &called.principal, &bytes)?;
    let accept = form(request, overload.outcome, shows(&called.prefer))?;
    Ok(write(called, asked, accept, once).await?)
}

/// The function that a body is for, and its arguments.
fn from_body<'f>(
    function: &'f Function,
    media: Media,
    bytes: &Bytes,
    watch: &mut Stopwatch,
) -> Result<(&'f Arc<Overload>, validate::Arguments)> {
    let form = match media {
        Media::Json => Whole::Json,
        Media::Text => Whole::Text,
        Media::Bytes => Whole::Bytes,
        // Without arguments there is nothing to send.
        Media::Unsaid if bytes.is_empty() => Whole::Json,
        Media::Unsaid => return Err(body::unsupported()),
    };
    if form != Whole::Json {
        let overload = call::choose(function, Given::Whole(form))?;
        watch.enter(Stage::Validate);
        return Ok((overload, validate::whole(overload, form, bytes)?));
    }
    let json = if bytes.is_empty() {
        Json::Object(Vec::new())
    } else {
        json::parse(bytes)?
    };
    let given = if let Json::Object(entries) = &json {
        Some(entries.iter().map(|(name, _)| Cow::as_ref(name)).collect::<Vec<&str>>())
    } else {
        None
    };
    let overload = match &given {
        Some(names) => call::choose(function, Given::Names { names, body: true })?,
        None => call::choose(function, Given::Whole(form))?,
    };
    watch.enter(Stage::Validate);
    let arguments = match overload.whole {
        Some(form) => validate::whole(overload, form, bytes)?,
        None => validate::arguments(overload, &json)?,
    };
    Ok((overload, arguments))
}

/// Answers with what a function gives that changes nothing.
async fn read(called: Called<'_>, request: &Request, asked: Asked<'_>) -> Result<Reply, Refusal> {
    let Called {
        context,
        function,
        snapshot,
        principal,
        prefer,
        head,
        watch,
    } = called;
    let outcome = asked.overload.outcome;
    let accept = form(request, outcome, true)?;
    let view = View {
        snapshot,
        principal: &principal,
    };
    let lists = Lists {
        key: &context.cursors,
        streamed: outcome.is_set() && matches!(accept, Accept::Lines | Accept::Csv),
    };
    watch.enter(Stage::Plan);
    let mut query = asked.query;
    if outcome.is_set() {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let page = std::mem::replace(&mut query.page, Page::UNSAID);
        query.page = page.or_range(header("range-unit"), header("range"))?;
    }
    let call = call::plan(function, asked.overload, asked.arguments, query, &prefer, &view, lists)?;
    // Groups are few, and refused where they are not.
    let streamed = lists.streamed && !call.read.grouped();
    watch.enter(Stage::Sql);
    let mut statement = if streamed && head {
        sql::call::statement(&plan::Call {
            read: call.read.without_rows(),
            ..call.clone()
        })?
    } else {
        sql::call::statement(&call)?
    };
    statement.rows = forms::rows(accept);
    sql::session::enter(&mut statement, &call.read.resource, &principal);
    let heading = csv::heading(&statement);
    watch.enter(Stage::Db);
    guard(context, watch, &principal, &call, &statement).await?;
    let reply = if streamed && !head {
        stream::answer(context, watch, accept, &call.read, statement, None).await?
    } else {
        let resource = Arc::clone(&call.read.resource);
        let most = written::most_bytes(context, &resource);
        let context = Arc::clone(context);
        let rows = super::waited(move |gone| async move { context.lanes.call(statement, &resource, most, gone).await });
        let mut rows = super::lane(watch, rows.await)?;
        if streamed {
            stream::head(accept, &call.read, rows.total)?
        } else if outcome.is_set() {
            gathered(accept, &call.read, &heading, &mut rows)?
        } else {
            single(outcome, accept, &heading, &mut rows)
        }
    };
    let reply = reply.header("vary", if outcome.is_set() { VARY } else { "accept" });
    let told = Prefer {
        count: call.read.count,
        ..prefer
    };
    Ok(match told.applied(false, outcome.is_set()) {
        Some(applied) => reply.header("preference-applied", &applied),
        None => reply,
    })
}

/// What a function does is its author's affair; related rows of what it gives are kept by the rules of their resources.
async fn guard(
    context: &Arc<Context>,
    watch: &mut Stopwatch,
    principal: &Principal,
    call: &plan::Call,
    statement: &Statement,
) -> Result<()> {
    if call.read.reach().embeds().is_empty() {
        return Ok(());
    }
    let asked = plan::cost::Asked {
        resource: &call.read.resource,
        reach: call.read.reach(),
    };
    cost::guard(context, watch, principal, asked, std::slice::from_ref(statement)).await
}

/// Calls a function that may write: in a transaction, and in a task of its own, so that a client who hangs up cannot leave
/// half of it.
async fn write(called: Called<'_>, asked: Asked<'_>, accept: Accept, once: Option<Once>) -> Result<Reply> {
    let Called {
        context,
        function,
        snapshot,
        principal,
        prefer,
        watch,
        ..
    } = called;
    watch.enter(Stage::Plan);
    let view = View {
        snapshot,
        principal: &principal,
    };
    let lists = Lists {
        key: &context.cursors,
        streamed: false,
    };
    let call = call::plan(
        function,
        asked.overload,
        asked.arguments,
        asked.query,
        &prefer,
        &view,
        lists,
    )?;
    watch.enter(Stage::Sql);
    let mut statement = sql::call::statement(&call)?;
    statement.rows = forms::rows(accept);
    sql::session::enter(&mut statement, &call.read.resource, &principal);
    let heading = csv::heading(&statement);
    watch.enter(Stage::Db);
    guard(context, watch, &principal, &call, &statement).await?;
    let statements = [statement];
    let context = Arc::clone(context);
    let task = tokio::spawn(async move {
        let mut waits = written::WAITS.iter();
        let rows = loop {
            let rows = attempt(&context, &statements, &call, &prefer, accept, once.as_ref()).await;
            match written::wait(&rows, &mut waits) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => break rows,
            }
        };
        (call, prefer, rows)
    });
    let (call, prefer, rows) = task.await.map_err(Error::internal)?;
    let mut rows = super::lane(watch, rows)?;
    match rows.kept.take() {
        Some(kept) => once::send(kept),
        None => told(&call, &mut rows, &prefer, accept, &heading),
    }
}

async fn attempt(
    context: &Context,
    statements: &[Statement],
    call: &plan::Call,
    prefer: &Prefer,
    accept: Accept,
    once: Option<&Once>,
) -> Result<lane::Reply> {
    let heading = statements.first().map(csv::heading).unwrap_or_default();
    let compose = |rows: &mut lane::Reply| told(call, rows, prefer, accept, &heading).map(once::keep);
    let rollback = prefer.end == Some(TransactionEnd::Rollback);
    let set = call.overload.outcome.is_set();
    let checks = Checks {
        most: prefer.most().filter(|_| set),
        // What is not stored need not be kept from happening twice.
        once: once.filter(|_| !rollback).map(|once| (once, &compose as Compose<'_>)),
        rollback,
        bytes: (set && shows(prefer)).then(|| written::most_bytes(context, &call.read.resource)),
        rows: (set && accept == Accept::Object && shows(prefer)).then_some((1, 1)),
        ..Checks::default()
    };
    context.lanes.write(statements, &call.read.resource, checks).await
}

/// The form of what a function gives. Where it gives nothing, or that is not returned, no form is refused.
fn form(request: &Request, outcome: Outcome, returned: bool) -> Result<Accept> {
    let accept = Accept::parse(
        words(request.headers(), "accept"),
        outcome.is_set() || outcome.is_rows(),
    );
    if returned && outcome != Outcome::Nothing {
        accept
    } else {
        Ok(accept.unwrap_or(Accept::Json))
    }
}

fn shows(prefer: &Prefer) -> bool {
    matches!(prefer.returns, None | Some(Return::Representation))
}

/// The reply of a function that may have written.
fn told(call: &plan::Call, rows: &mut lane::Reply, prefer: &Prefer, accept: Accept, heading: &str) -> Result<Reply> {
    let outcome = call.overload.outcome;
    let reply = if !shows(prefer) {
        Reply::new(StatusCode::NO_CONTENT)
    } else if !outcome.is_set() {
        single(outcome, accept, heading, rows)
    } else {
        // A page beyond the end is no reason to undo what was done.
        // That all were counted for its sake alone is not told.
        let total = rows.total.filter(|_| call.read.count.is_some());
        let status = status(&call.read, rows.rows, total).unwrap_or(StatusCode::OK);
        let range = content_range(&call.read, Some(rows.rows), total);
        let body = forms::body(accept, accept == Accept::Object, heading, rows);
        Reply::new(status)
            .body(accept.media_type(), body)
            .header("content-range", &range)
    };
    Ok(match prefer.applied_to_write(false, false, outcome.is_set()) {
        Some(applied) => reply.header("preference-applied", &applied),
        None => reply,
    })
}

/// One value or row, or nothing.
fn single(outcome: Outcome, accept: Accept, heading: &str, rows: &mut lane::Reply) -> Reply {
    if outcome == Outcome::Nothing {
        return Reply::new(StatusCode::NO_CONTENT);
    }
    let body = forms::body(accept, true, heading, rows);
    let nothing = body.is_empty() && matches!(accept, Accept::Json | Accept::Object);
    let body = if nothing { "null".to_owned() } else { body };
    Reply::new(StatusCode::OK).body(accept.media_type(), body)
}
