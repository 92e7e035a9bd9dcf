//! Every public route. Paths of resources are looked up in the snapshot that the request was given.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use salvo::http::header::HeaderValue;
use salvo::http::{HeaderMap, Method, StatusCode};
use salvo::{Request, http::header};

use super::{Refusal, Reply, challenge, docs, profile, routes};
use crate::app::{Context, Published};
use crate::contract::{Function, NEAREST, Resource, Snapshot, SqlRoute, methods};
use crate::error::{Code, Error, Result};
use crate::guards::rate::{Key, Standing};
use crate::guards::{Guards, address};
use crate::plan::{self, Principal};
use crate::request::Accept;
use crate::request::{Page, Preconditions, Prefer, Purpose, Query, Target, query};
use crate::telemetry::stages::{Stage, Stopwatch};
use crate::validate;

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
    /// The form that the client wants, or that there is none: where nothing is returned, that is no reason to refuse.
    pub accept: Result<Accept>,
    pub conditions: Preconditions,
    /// Whether a `PUT` names its row by a filter, as PostgREST's clients do.
    pub by_filter: bool,
    pub watch: &'a mut Stopwatch,
}

/// What a search for the nearest rows gets.
pub(super) struct Search<'a> {
    pub context: &'a Arc<Context>,
    pub resource: &'a Arc<Resource>,
    pub snapshot: &'a Snapshot,
    pub principal: Principal,
    pub accept: Accept,
    pub raw_query: String,
    pub watch: &'a mut Stopwatch,
}

/// What is noted while a request is answered, whatever becomes of it.
pub(super) struct Trace {
    pub watch: Stopwatch,
    /// The place of its route in the snapshot.
    pub route: Option<usize>,
    /// Who asks.
    pub principal: Principal,
    /// Of whom it is counted how often somebody asks.
    pub counted: Key,
    /// How whoever asks stands with each allowance.
    pub standings: Vec<Standing>,
    /// What runs before a route.
    pub guards: Arc<Guards>,
}

/// Answers a request: first it is told who asks, then what is asked for.
pub(super) async fn answer(
    context: &Arc<Context>,
    published: &Published,
    request: &mut Request,
    trace: &mut Trace,
) -> Result<Reply, Refusal> {
    // How the service is does not depend on who asks.
    if !request.uri().path().starts_with("/health/") {
        identify(peer(request), request.uri().path(), request.headers(), trace).await?;
    }
    let answered = route(context, published, request, trace).await;
    trace.watch.enter(Stage::Http);
    answered.map_err(|refusal| {
        let route = trace.route.and_then(|place| published.snapshot.routes.get(place));
        challenge::insufficient(refusal, &trace.principal, route)
    })
}

/// Tells who asks, and whether that is not too often.
async fn identify(peer: Option<IpAddr>, path: &str, headers: &HeaderMap, trace: &mut Trace) -> Result<(), Refusal> {
    let guards = Arc::clone(&trace.guards);
    let client = address::client(peer, headers, &guards.proxies);
    let from = Key::address(client);
    if Guards::carries_credentials(headers)
        && let Some(standing) = guards.rates.barred(from)
    {
        counted(standing, trace)?;
    }
    let asked = guards.principal(headers).await;
    if asked.as_ref().is_err_and(|error| error.code() == Code::Unauthenticated) {
        guards.rates.failed(from);
    }
    trace.principal = asked.map_err(challenge::invalid_credentials)?;
    trace.counted = Key::of(&trace.principal, from);
    for standing in guards.rates.ask(trace.counted, path) {
        counted(standing, trace)?;
    }
    Ok(())
}

/// Notes how whoever asks stands with an allowance, and refuses what came too early.
fn counted(standing: Standing, trace: &mut Trace) -> Result<()> {
    let refusal = standing.refusal();
    trace.standings.push(standing);
    refusal.map_or(Ok(()), Err)
}

/// The address of the other end; none for a Unix socket.
fn peer(request: &Request) -> Option<IpAddr> {
    let peer = request.remote_addr();
    let four = peer.as_ipv4().map(|address| IpAddr::V4(*address.ip()));
    four.or_else(|| peer.as_ipv6().map(|address| IpAddr::V6(*address.ip())))
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
    if let Some((function, routes)) = published.snapshot.function_at(&path) {
        return call(context, published, function, routes, request, trace).await;
    }
    let method = request.method().clone();
    let mut sql: Vec<&'static str> = Vec::new();
    for (route, place, captured) in published.snapshot.sql_at(&path) {
        if is_for(route.method, &method) {
            return sql_route(context, published, (route, place, captured), request, trace).await;
        }
        sql.push(route.method);
    }
    let search = searched(published, &path);
    if let (Some((resource, place)), &Method::POST) = (search, &method) {
        enter(published, place, trace)?;
        let headers = request.headers();
        profile::check(headers, &method, &resource.table.schema)?;
        Prefer::parse(words(headers, "prefer"))?.suit(Purpose::Read)?;
        let search = Search {
            context,
            resource,
            snapshot: &published.snapshot,
            principal: trace.principal.clone(),
            accept: Accept::parse(words(request.headers(), "accept"), true)?,
            raw_query: request.uri().query().unwrap_or("").to_owned(),
            watch: &mut trace.watch,
        };
        return routes::nearest::answer(search, request).await;
    }
    // Where no key can be the word that searches stand at, there is no row either.
    let keyed = search.is_some_and(|(resource, _)| match resource.key.as_slice() {
        [key] => resource
            .fields
            .get(*key)
            .is_some_and(|field| validate::path_value(field, NEAREST.trim_start_matches('/')).is_ok()),
        _ => false,
    });
    let found = find(published, &path).filter(|_| search.is_none() || keyed);
    if found.is_none() && (search.is_some() || !sql.is_empty()) {
        return without_route(&method, sql.into_iter().chain(search.map(|_| "POST")));
    }
    let (resource, routes, rest) = found.ok_or_else(|| Error::new(Code::RouteNotFound, Code::RouteNotFound.title()))?;
    // `PUT /api/leads?id=eq.7` is the route `PUT /api/leads/{id}` in PostgREST's words.
    let by_filter = method == Method::PUT && rest.is_empty() && !resource.key.is_empty();
    let Some(place) = routed(published, routes, &method, !rest.is_empty() || by_filter) else {
        let own = methods(resource, !rest.is_empty()).map(|(method, _)| method);
        let put =
            rest.is_empty() && !resource.key.is_empty() && methods(resource, true).any(|(method, _)| method == "PUT");
        // A key may be the word that searches stand at.
        let search = search.map(|_| "POST");
        return without_route(&method, own.chain(put.then_some("PUT")).chain(search).chain(sql));
    };
    enter(published, place, trace)?;
    profile::check(request.headers(), &method, &resource.table.schema)?;
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
    prefer.suit(match method.as_str() {
        "GET" | "HEAD" => Purpose::Read,
        "POST" => Purpose::Create,
        "DELETE" => Purpose::Delete,
        _ => Purpose::Change,
    })?;
    let bytes = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let call = Call {
        context,
        resource,
        snapshot: &published.snapshot,
        principal: trace.principal.clone(),
        target,
        query,
        raw_query,
        head: method == Method::HEAD,
        prefer,
        accept: Accept::parse(words(headers, "accept"), true),
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

/// Calls the function at `path`.
async fn call(
    context: &Arc<Context>,
    published: &Published,
    function: &Arc<Function>,
    routes: Range<usize>,
    request: &mut Request,
    trace: &mut Trace,
) -> Result<Reply, Refusal> {
    let method = request.method().clone();
    let Some(place) = routed(published, routes, &method, false) else {
        return without_route(&method, function.methods());
    };
    enter(published, place, trace)?;
    let headers = request.headers();
    profile::check(headers, &method, &function.function.schema)?;
    let mut prefer = Prefer::parse(words(headers, "prefer"))?;
    if !is_get(request) {
        prefer.allow_end(context.limits.tx_rollback)?;
    }
    prefer.suit(if is_get(request) { Purpose::Read } else { Purpose::Call })?;
    let called = routes::call::Called {
        context,
        function,
        snapshot: &published.snapshot,
        principal: trace.principal.clone(),
        prefer,
        head: method == Method::HEAD,
        watch: &mut trace.watch,
    };
    if is_get(request) {
        routes::call::get(called, request).await
    } else {
        routes::call::post(called, request).await
    }
}

/// Runs the SQL route at a path; `found` is the route, its place and what stands at its parameters.
async fn sql_route(
    context: &Arc<Context>,
    published: &Published,
    (route, place, captured): (&Arc<SqlRoute>, usize, Vec<&str>),
    request: &mut Request,
    trace: &mut Trace,
) -> Result<Reply, Refusal> {
    enter(published, place, trace)?;
    let headers = request.headers();
    let mut prefer = Prefer::parse(words(headers, "prefer"))?;
    if !route.reads() {
        prefer.allow_end(context.limits.tx_rollback)?;
    }
    prefer.suit(if route.reads() { Purpose::Read } else { Purpose::Call })?;
    let asked = routes::sql_route::Asked {
        context,
        route,
        captured,
        principal: trace.principal.clone(),
        prefer,
        watch: &mut trace.watch,
    };
    routes::sql_route::answer(asked, request).await
}

/// Notes which route is answered, unless it is switched off or asked for too often.
fn enter(published: &Published, place: usize, trace: &mut Trace) -> Result<()> {
    trace.route = Some(place);
    if published.disabled.get(place).is_some_and(|disabled| *disabled) {
        return Err(Error::new(Code::RouteDisabled, Code::RouteDisabled.title()));
    }
    let route = published.snapshot.routes.get(place);
    let standing = route.and_then(|route| trace.guards.rates.enter(trace.counted, &route.name));
    standing.map_or(Ok(()), |standing| counted(standing, trace))
}

/// Answers to a method that has no route on a path.
fn without_route(method: &Method, offered: impl Iterator<Item = &'static str>) -> Result<Reply, Refusal> {
    let mut allowed: Vec<&str> = Vec::new();
    for method in offered {
        if !allowed.contains(&method) {
            allowed.push(method);
        }
    }
    if let Some(get) = allowed.iter().position(|method| *method == "GET") {
        allowed.insert(get + 1, "HEAD");
    }
    if *method == Method::OPTIONS {
        return Ok(Reply::new(StatusCode::NO_CONTENT).header("allow", &allow(&allowed)));
    }
    Err(not_allowed(&allowed))
}

/// The values of a header, without those that hold anything but visible ASCII.
pub(super) fn words<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
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
    routes.find(|place| {
        let route = published.snapshot.routes.get(*place);
        route.is_some_and(|route| !route.nearest && route.item == item && is_for(route.method, method))
    })
}

/// Whether a route of a method is the one for that of a request; `HEAD` belongs to `GET`.
fn is_for(method: &str, asked: &Method) -> bool {
    method == asked.as_str() || (method == "GET" && *asked == Method::HEAD)
}

/// The resource whose nearest rows are searched for at a path, and the place of that route.
fn searched<'a>(published: &'a Published, path: &str) -> Option<(&'a Arc<Resource>, usize)> {
    let snapshot = &published.snapshot;
    let parent = path.strip_suffix(NEAREST).filter(|_| snapshot.at(path).is_none())?;
    let (resource, mut routes) = snapshot.routes_at(parent)?;
    let place = routes.find(|place| snapshot.routes.get(*place).is_some_and(|route| route.nearest))?;
    Some((resource, place))
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
