//! Every public route. Paths of resources are looked up in the snapshot that the request was given.

use std::sync::Arc;

use salvo::http::{Method, StatusCode};
use salvo::{Request, http::header};

use super::accept::Accept;
use super::{Reply, docs, routes};
use crate::app::{Context, Published};
use crate::contract::{Resource, methods};
use crate::error::{Code, Error, Result};
use crate::plan::Principal;
use crate::request::{Prefer, Query, Target, query};

/// What a route gets: the request's parts, read once.
pub(super) struct Call<'a> {
    pub context: &'a Arc<Context>,
    pub resource: &'a Arc<Resource>,
    pub principal: Principal,
    pub target: Target,
    pub query: Query,
    pub prefer: Prefer,
    pub accept: Accept,
}

/// Answers a request.
pub(super) async fn answer(context: &Arc<Context>, request: &mut Request) -> Result<Reply> {
    // Everybody is anonymous in this version: what is refused for want of rights may work with credentials.
    route(context, request).await.map_err(|error| match error.code() {
        Code::Forbidden => Error::new(Code::Unauthenticated, Code::Unauthenticated.title()).with_source(error),
        _ => error,
    })
}

async fn route(context: &Arc<Context>, request: &mut Request) -> Result<Reply> {
    let published = context.published.load_full();
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/health/live" => return only_get(request, || Ok(routes::health::live())),
        "/health/ready" if is_get(request) => return Ok(routes::health::ready(context).await),
        "/health/ready" => return Err(not_allowed(&["GET", "HEAD"])),
        "/" if context.docs && is_get(request) => {
            return Ok(Reply::new(StatusCode::FOUND).header("location", "/docs"));
        }
        _ if context.docs => {
            if let Some(page) = docs::page(&path, &published, request.headers()) {
                return if is_get(request) {
                    page
                } else {
                    Err(not_allowed(&["GET", "HEAD"]))
                };
            }
        }
        _ => {}
    }
    let (resource, rest) =
        find(&published, &path).ok_or_else(|| Error::new(Code::RouteNotFound, Code::RouteNotFound.title()))?;
    let mut allowed: Vec<&str> = methods(resource, !rest.is_empty()).map(|(method, _)| method).collect();
    if allowed.contains(&"GET") {
        allowed.insert(1, "HEAD");
    }
    let method = request.method().clone();
    if method == Method::OPTIONS {
        return Ok(Reply::new(StatusCode::NO_CONTENT).header("allow", &allow(&allowed)));
    }
    if !allowed.contains(&method.as_str()) {
        return Err(not_allowed(&allowed));
    }
    let target = query::target(rest, resource.key.len())?;
    let call = Call {
        context,
        resource,
        principal: Principal::Anonymous,
        target,
        query: query::parse(request.uri().query().unwrap_or(""))?,
        prefer: Prefer::parse(
            request
                .headers()
                .get_all("prefer")
                .iter()
                .filter_map(|value| value.to_str().ok()),
        )?,
        accept: Accept::parse(request.headers())?,
    };
    match method.as_str() {
        "GET" | "HEAD" => routes::read::answer(call).await,
        "POST" => routes::create::answer(call, request).await,
        "PUT" => routes::replace::answer(call, request).await,
        "PATCH" => routes::update::answer(call, request).await,
        _ => routes::delete::answer(call).await,
    }
}

/// The resource at a path, and what follows it: nothing or a key.
fn find<'a, 'b>(published: &'a Published, path: &'b str) -> Option<(&'a Arc<Resource>, &'b str)> {
    if let Some(resource) = published.snapshot.at(path) {
        return Some((resource, ""));
    }
    let (parent, key) = path.rsplit_once('/')?;
    let resource = published
        .snapshot
        .at(parent)
        .filter(|resource| !key.is_empty() && !resource.key.is_empty())?;
    Some((resource, key))
}

fn allow(methods: &[&str]) -> String {
    let mut all = methods.to_vec();
    all.push("OPTIONS");
    all.join(", ")
}

/// A 405; its `Allow` travels in the hint and becomes a header.
fn not_allowed(methods: &[&str]) -> Error {
    Error::new(Code::MethodNotAllowed, Code::MethodNotAllowed.title())
        .with_hint(format!("allowed are {}", allow(methods)))
}

/// The `Allow` header of a 405 (RFC 9110 §15.5.6).
pub(super) fn allow_of(error: &Error) -> Option<&str> {
    error
        .hint()
        .filter(|_| error.code() == Code::MethodNotAllowed)?
        .strip_prefix("allowed are ")
}

fn is_get(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

fn only_get(request: &Request, reply: impl FnOnce() -> Result<Reply>) -> Result<Reply> {
    if is_get(request) {
        reply()
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
