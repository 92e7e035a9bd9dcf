//! Every public route. Paths of resources are looked up in the snapshot that the request was given.

use std::ops::Range;
use std::sync::Arc;

use salvo::http::header::HeaderValue;
use salvo::http::{HeaderMap, Method, StatusCode};
use salvo::{Request, http::header};

use super::accept::Accept;
use super::{Refusal, Reply, docs, routes};
use crate::app::{Context, Published};
use crate::contract::{Resource, Snapshot, methods};
use crate::error::{Code, Error, Result};
use crate::plan::{self, Principal};
use crate::request::{Page, Preconditions, Prefer, Query, Target, query};
use crate::telemetry::stages::{Stage, Stopwatch};

/// What a route gets: the request's parts, read once.
pub(super) struct Call<'a> {
    pub context: &'a Arc<Context>,
    pub resource: &'a Arc<Resource>,
    pub snapshot: &'a Snapshot,
    pub principal: Principal,
    pub target: Target,
    pub query: Query,
    /// The query string as it came, for links to other pages.
    pub raw_query: String,
    /// Whether only the headers are wanted.
    pub head: bool,
    pub prefer: Prefer,
    pub accept: Accept,
    pub conditions: Preconditions,
    /// Whether a `PUT` names its row by a filter, as PostgREST's clients do.
    pub by_filter: bool,
    pub watch: &'a mut Stopwatch,
}

/// What is noted while a request is answered, whatever becomes of it.
pub(super) struct Trace {
    pub watch: Stopwatch,
    /// The place of its route in the snapshot.
    pub route: Option<usize>,
}

/// Answers a request.
pub(super) async fn answer(
    context: &Arc<Context>,
    published: &Published,
    request: &mut Request,
    trace: &mut Trace,
) -> Result<Reply, Refusal> {
    let answered = route(context, published, request, trace).await;
    trace.watch.enter(Stage::Http);
    // Everybody is anonymous in this version: what is refused for want of rights may work with credentials.
    answered.map_err(|refusal| match refusal.error.code() {
        Code::Forbidden => Error::new(Code::Unauthenticated, Code::Unauthenticated.title())
            .with_source(refusal.error)
            .into(),
        _ => refusal,
    })
}

async fn route(
    context: &Arc<Context>,
    published: &Published,
    request: &mut Request,
    trace: &mut Trace,
) -> Result<Reply, Refusal> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/health/live" => return only_get(request, || Ok(routes::health::live())),
        "/health/ready" if is_get(request) => return Ok(routes::health::ready(context).await),
        "/health/ready" => return Err(not_allowed(&["GET", "HEAD"])),
        "/" if context.docs && is_get(request) => {
            return Ok(Reply::new(StatusCode::FOUND).header("location", "/docs"));
        }
        _ if context.docs => {
            if let Some(page) = docs::page(&path, published, request.headers()) {
                return only_get(request, || page);
            }
        }
        _ => {}
    }
    let (resource, routes, rest) =
        find(published, &path).ok_or_else(|| Error::new(Code::RouteNotFound, Code::RouteNotFound.title()))?;
    let method = request.method().clone();
    // `PUT /api/leads?id=eq.7` is the route `PUT /api/leads/{id}` in PostgREST's words.
    let by_filter = method == Method::PUT && rest.is_empty() && request.uri().query().is_some_and(|q| q.contains('='));
    let Some(place) = routed(published, routes, &method, !rest.is_empty() || by_filter) else {
        let mut allowed: Vec<&str> = methods(resource, !rest.is_empty()).map(|(method, _)| method).collect();
        if allowed.contains(&"GET") {
            allowed.insert(1, "HEAD");
        }
        if method == Method::OPTIONS {
            return Ok(Reply::new(StatusCode::NO_CONTENT).header("allow", &allow(&allowed)));
        }
        return Err(not_allowed(&allowed));
    };
    trace.route = Some(place);
    if published.disabled.get(place).is_some_and(|disabled| *disabled) {
        return Err(Error::new(Code::RouteDisabled, Code::RouteDisabled.title()).into());
    }
    let mut raw_query = request.uri().query().unwrap_or("").to_owned();
    let mut query = query::parse(&raw_query)?;
    let target = if by_filter {
        Target::Item(plan::upsert::key_of_filters(resource, &mut query)?)
    } else {
        query::target(rest, resource.key.len())?
    };
    let list = target == Target::Collection && is_get(request);
    if list {
        ranged(request, &mut query, &mut raw_query)?;
    }
    let headers = request.headers();
    let mut prefer = Prefer::parse(words(headers, "prefer"))?;
    if !is_get(request) {
        prefer.allow_end(context.limits.tx_rollback)?;
    }
    let bytes = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let call = Call {
        context,
        resource,
        snapshot: &published.snapshot,
        principal: Principal::Anonymous,
        target,
        query,
        raw_query,
        head: method == Method::HEAD,
        prefer,
        accept: Accept::parse(words(headers, "accept"), list)?,
        conditions: Preconditions::parse(bytes(header::IF_MATCH), bytes(header::IF_NONE_MATCH))?,
        by_filter,
        watch: &mut trace.watch,
    };
    match method.as_str() {
        "GET" | "HEAD" => routes::read::answer(call).await,
        "POST" => Ok(routes::create::answer(call, request).await?),
        "PUT" => Ok(routes::replace::answer(call, request).await?),
        "PATCH" => Ok(routes::update::answer(call, request).await?),
        _ => Ok(routes::delete::answer(call, request).await?),
    }
}

/// The values of a header, without those that hold anything but visible ASCII.
fn words<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// Takes the page from the header `Range` if the query string names none.
fn ranged(request: &Request, query: &mut Query, raw_query: &mut String) -> Result<()> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let page = std::mem::replace(&mut query.page, Page::UNSAID);
    let said = page != Page::UNSAID;
    query.page = page.or_range(header("range-unit"), header("range"))?;
    // Links to other pages know no headers.
    if let (false, Page::Offset { limit: Some(limit), .. }) = (said, &query.page) {
        raw_query.push_str(&format!("&limit={limit}"));
    }
    Ok(())
}

/// The resource at a path with the places of its routes, and what follows it: nothing or a key.
fn find<'a, 'b>(published: &'a Published, path: &'b str) -> Option<(&'a Arc<Resource>, Range<usize>, &'b str)> {
    if let Some((resource, routes)) = published.snapshot.routes_at(path) {
        return Some((resource, routes, ""));
    }
    let (parent, key) = path.rsplit_once('/')?;
    let (resource, routes) = published
        .snapshot
        .routes_at(parent)
        .filter(|(resource, _)| !key.is_empty() && !resource.key.is_empty())?;
    Some((resource, routes, key))
}

/// The place of the route with this method among those of a resource.
fn routed(published: &Published, mut routes: Range<usize>, method: &Method, item: bool) -> Option<usize> {
    let method = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    routes.find(|place| {
        let route = published.snapshot.routes.get(*place);
        route.is_some_and(|route| route.item == item && route.method == method)
    })
}

fn allow(methods: &[&str]) -> String {
    let mut all = methods.to_vec();
    all.push("OPTIONS");
    all.join(", ")
}

fn not_allowed(methods: &[&str]) -> Refusal {
    Refusal::method(allow(methods))
}

fn is_get(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

fn only_get(request: &Request, reply: impl FnOnce() -> Result<Reply>) -> Result<Reply, Refusal> {
    if is_get(request) {
        Ok(reply()?)
    } else {
        Err(not_allowed(&["GET", "HEAD"]))
    }
}

/// The request's id: the client's, if it is short and plain, else a new one.
pub(super) fn request_id(request: &Request) -> String {
    let given = request
        .headers()
        .get("x-request-id")
        .and_then(|value| value.to_str().ok());
    match given.filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())) {
        Some(id) => id.to_owned(),
        None => uuid::Uuid::now_v7().to_string(),
    }
}

/// Whether a header is there with this value, for conditional requests.
pub(super) fn matches_etag(headers: &salvo::http::HeaderMap, etag: &str) -> bool {
    headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|list| {
            list.split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
        })
}
