//! SQL routes: files of SQL as endpoints. A `GET` runs in a transaction that can change nothing.

use std::future::pending;
use std::sync::Arc;

use salvo::Request;
use salvo::http::StatusCode;
use salvo::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};

use super::{Gone, written};
use crate::app::Context;
use crate::contract::{Output, Place, Returns, SqlRoute};
use crate::db::once::Once;
use crate::db::stream::Task;
use crate::db::transaction::{Checks, Compose, Verdict};
use crate::db::{csv, lane};
use crate::error::{Code, Error, Result};
use crate::http::body::{self, Media};
use crate::http::router::words;
use crate::http::{Refusal, Reply, forms, once};
use crate::plan::{self, Principal, Run};
use crate::request::sql_route::{self as parts, Texts};
use crate::request::{Accept, Prefer, Return, TransactionEnd, json};
use crate::sql::{self, Statement};
use crate::telemetry::stages::{Stage, Stopwatch};
use crate::validate::sql_route::{Sent, parameters};

/// What the route gets: the request's parts, read once.
pub(in crate::http) struct Asked<'a> {
    pub(in crate::http) context: &'a Arc<Context>,
    pub(in crate::http) route: &'a Arc<SqlRoute>,
    /// What stands at the parameters of the path, still encoded.
    pub(in crate::http) captured: Vec<&'a str>,
    pub(in crate::http) principal: Principal,
    pub(in crate::http) prefer: Prefer,
    pub(in crate::http) watch: &'a mut Stopwatch,
}

/// How a run is to be answered.
struct Wanted {
    prefer: Prefer,
    accept: Accept,
    heading: String,
    once: Option<Once>,
}

/// What the columns of the first row say of the reply.
#[derive(Debug, Default)]
struct Steering {
    status: Option<StatusCode>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Answers a request to a SQL route.
pub(in crate::http) async fn answer(asked: Asked<'_>, request: &mut Request) -> Result<Reply, Refusal> {
    let Asked {
        context,
        route,
        captured,
        principal,
        prefer,
        watch,
    } = asked;
    plan::sql_route::allow(route, &principal)?;
    let accept = form(request, route.returns, shows(&prefer))?;
    let mut sent = sent(route, &captured, request)?;
    let bytes = if route.reads() {
        None
    } else {
        // Of nothing it does not matter what it is.
        let media = body::media(request);
        let bytes = body::whole(request, &context.limits).await?;
        if !bytes.is_empty() && media != Some(Media::Json) {
            return Err(body::unsupported().into());
        }
        Some(bytes)
    };
    if let Some(bytes) = bytes.as_ref().filter(|bytes| !bytes.is_empty()) {
        sent.body = Some(json::parse(bytes).map_err(Error::from)?);
    }
    watch.enter(Stage::Validate);
    let values = parameters(route, &sent)?;
    watch.enter(Stage::Plan);
    let run = plan::sql_route::plan(route, values);
    watch.enter(Stage::Sql);
    let mut statements = sql::sql_route::statements(&run)?;
    for statement in &mut statements {
        sql::session::enter(statement, &route.rows, &principal);
        statement.rows = forms::rows(accept);
    }
    let once = match &bytes {
        Some(bytes) => once::of(request, &principal, bytes)?,
        None => None,
    };
    let wanted = Wanted {
        prefer,
        accept,
        heading: statements.last().map(csv::heading).unwrap_or_default(),
        once,
    };
    watch.enter(Stage::Db);
    // Status and headers leave before the rows: what steers them is read first, from rows that are all there.
    let streamed = route.reads()
        && route.returns == Returns::Many
        && matches!(accept, Accept::Lines | Accept::Csv)
        && !route.steers();
    let reply = match (<[Statement; 1]>::try_from(statements), streamed) {
        (Ok([statement]), true) => stream(context, watch, &run, statement, accept).await?,
        (Ok([statement]), false) => gathered(context, watch, run, vec![statement], wanted).await?,
        (Err(statements), _) => gathered(context, watch, run, statements, wanted).await?,
    };
    Ok(dressed(route, reply))
}

/// The texts of a request.
fn sent<'b>(route: &SqlRoute, captured: &[&str], request: &Request) -> Result<Sent<'b>> {
    let headers = request.headers();
    let of = |name: &str| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let path: Texts = route
        .template
        .names()
        .zip(captured)
        .map(|(name, text)| Ok((name.to_owned(), vec![parts::step(text)?])))
        .collect::<Result<_>>()?;
    let mut header = Texts::new();
    for field in &route.input(Place::Header).fields {
        let values = parts::header(&field.name, of(&field.name))?;
        if !values.is_empty() {
            header.push((field.name.clone(), values));
        }
    }
    let known = route.input(Place::Cookie);
    let mut cookie = Texts::new();
    if !known.fields.is_empty() {
        cookie = parts::cookies(of("cookie"))?;
        // Others are set by whoever likes.
        cookie.retain(|(name, _)| known.by_name.contains_key(name));
    }
    Ok(Sent {
        path,
        query: parts::query(request.uri().query().unwrap_or(""))?,
        header,
        cookie,
        body: None,
    })
}

/// Streams the rows.
async fn stream(
    context: &Arc<Context>,
    watch: &mut Stopwatch,
    run: &Run,
    statement: Statement,
    accept: Accept,
) -> Result<Reply> {
    let task = Task {
        statement,
        resource: Arc::clone(&run.route.rows),
        most: Some(u64::from(run.route.page.max_stream)),
        limit: context.limits.stream_timeout,
        stall: context.limits.stream_stall,
        call: true,
    };
    let stream = context.lanes.stream(task).await;
    match &stream {
        Ok(stream) => watch.waited(stream.wait),
        Err(error) if error.code() == Code::PoolTimeout => watch.waited_in_vain(),
        Err(_) => {}
    }
    watch.enter(Stage::Http);
    Ok(Reply::new(StatusCode::OK).stream(accept.media_type(), stream?.chunks))
}

/// Runs the statements in a task of their own: a client who hangs up cannot leave half of a write; a read is cancelled then.
async fn gathered(
    context: &Arc<Context>,
    watch: &mut Stopwatch,
    run: Run,
    statements: Vec<Statement>,
    wanted: Wanted,
) -> Result<Reply> {
    let context = Arc::clone(context);
    let (waiting, gone) = super::hold();
    let mut gone = if run.route.reads() { gone } else { Box::pin(pending()) };
    let task = tokio::spawn(async move {
        let mut waits = written::WAITS.iter();
        let rows = loop {
            let rows = attempt(&context, &run.route, &statements, &wanted, &mut gone).await;
            match written::wait(&rows, &mut waits) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => break rows,
            }
        };
        (run, wanted, rows)
    });
    let (run, wanted, rows) = task.await.map_err(Error::internal)?;
    drop(waiting);
    let mut rows = super::lane(watch, rows)?;
    match rows.kept.take() {
        Some(kept) => once::send(kept),
        None => told(&run.route, &mut rows, &wanted),
    }
}

async fn attempt(
    context: &Context,
    route: &SqlRoute,
    statements: &[Statement],
    wanted: &Wanted,
    gone: &mut Gone,
) -> Result<lane::Reply> {
    let rollback = wanted.prefer.end == Some(TransactionEnd::Rollback);
    let verdict = |rows: &lane::Reply| judge(route, rows);
    let compose = |rows: &mut lane::Reply| told(route, rows, wanted).map(once::keep);
    let checks = Checks {
        most: wanted.prefer.most().filter(|_| !route.reads()),
        // What is not stored need not be kept from happening twice.
        once: wanted
            .once
            .as_ref()
            .filter(|_| !rollback)
            .map(|once| (once, &compose as Compose<'_>)),
        rollback,
        read_only: route.reads(),
        bytes: Some(written::most_bytes(context, &route.rows)),
        last: true,
        gathered: Some(u64::from(route.page.max)),
        verdict: Some(&verdict as Verdict<'_>),
        timeout: route.timeout,
        ..Checks::default()
    };
    context.lanes.write_while(statements, &route.rows, checks, gone).await
}

/// Whether the rows make a reply. Before the commit, so that a refusal stores nothing.
fn judge(route: &SqlRoute, rows: &lane::Reply) -> Result<()> {
    match (route.returns, rows.rows) {
        (Returns::One | Returns::Json, 0) => Err(Error::new(Code::RowNotFound, Code::RowNotFound.title())),
        (Returns::One | Returns::Json, 2..) => Err(Error::new(Code::NotOneRow, Code::NotOneRow.title())
            .with_details(format!("the result has {} rows", rows.rows))),
        _ => steering(route, rows).map(drop),
    }
}

/// What the reserved columns of the first row say. Null and the empty text say nothing.
fn steering(route: &SqlRoute, rows: &lane::Reply) -> Result<Steering> {
    let mut steering = Steering::default();
    let reserved = route.outputs.iter().map(|(output, _)| output);
    let reserved = reserved.filter(|output| matches!(output, Output::Status | Output::Header(_)));
    for (output, value) in reserved.zip(&rows.key).filter(|(_, value)| !value.is_empty()) {
        match output {
            Output::Header(name) => {
                let wrong = || {
                    Error::new(Code::CheckFailed, Code::CheckFailed.title())
                        .with_details(format!("a value cannot stand in the header `{name}`"))
                        .with_hint("it may have visible ASCII characters and spaces")
                };
                // What bytes beyond ASCII mean each reader decides (RFC 9110 §5.5).
                if !value.is_ascii() {
                    return Err(wrong());
                }
                let value = HeaderValue::from_str(value).map_err(|_| wrong())?;
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(Error::internal)?;
                steering.headers.push((name, value));
            }
            _ => {
                let status = value.parse().ok().filter(|status| (200..600).contains(status));
                let status = status.and_then(|status| StatusCode::from_u16(status).ok());
                let wrong = || {
                    Error::internal(format!(
                        "{}: `_status` is {value}, not 200 to 599",
                        route.file.display()
                    ))
                };
                steering.status = Some(status.ok_or_else(wrong)?);
            }
        }
    }
    Ok(steering)
}

/// The reply of a run.
fn told(route: &SqlRoute, rows: &mut lane::Reply, wanted: &Wanted) -> Result<Reply> {
    judge(route, rows)?;
    let steering = steering(route, rows)?;
    let shown = route.returns != Returns::Exec && (route.reads() || shows(&wanted.prefer));
    let usual = if shown { StatusCode::OK } else { StatusCode::NO_CONTENT };
    let status = steering.status.unwrap_or(usual);
    let mut reply = Reply::new(status);
    let bare = matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    if shown && !bare {
        let accept = wanted.accept;
        if accept == Accept::Object && rows.rows != 1 {
            return Err(Error::new(Code::NotOneRow, Code::NotOneRow.title())
                .with_details(format!("the result has {} rows", rows.rows)));
        }
        let one = route.returns != Returns::Many || accept == Accept::Object;
        reply = reply.body(accept.media_type(), forms::body(accept, one, &wanted.heading, rows));
    }
    for (name, value) in steering.headers {
        reply.headers.append(name, value);
    }
    let prefer = Prefer {
        count: None,
        ..wanted.prefer
    };
    let applied = if route.reads() {
        prefer.applied(false, false)
    } else {
        prefer.applied_to_write(false, false, false)
    };
    Ok(match applied {
        Some(applied) => reply.header("preference-applied", &applied),
        None => reply,
    })
}

/// Adds what every reply of the route has.
fn dressed(route: &SqlRoute, mut reply: Reply) -> Reply {
    if route.returns != Returns::Exec {
        reply = reply.header("vary", "accept");
    }
    if let Some(cache) = route.cache.as_ref().and_then(|cache| HeaderValue::from_str(cache).ok())
        && !reply.status.is_client_error()
        && !reply.status.is_server_error()
    {
        // A row may know better.
        reply.headers.entry(CACHE_CONTROL).or_insert(cache);
    }
    reply
}

/// The form of the reply. Where nothing is returned, no form is refused.
fn form(request: &Request, returns: Returns, returned: bool) -> Result<Accept> {
    let rows = matches!(returns, Returns::Many | Returns::One);
    let accept = Accept::parse(words(request.headers(), "accept"), rows);
    if returns == Returns::Exec || !returned {
        return Ok(accept.unwrap_or(Accept::Json));
    }
    accept
}

fn shows(prefer: &Prefer) -> bool {
    matches!(prefer.returns, None | Some(Return::Representation))
}
