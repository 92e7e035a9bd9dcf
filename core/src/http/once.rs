//! `Idempotency-Key`: which write a request is, and its reply in the form in which it is kept.

use salvo::Request;
use salvo::http::header::{HeaderName, HeaderValue};
use salvo::http::{HeaderMap, StatusCode};

use super::Reply;
use super::reply::Body;
use crate::db::once::{Kept, Once, digest};
use crate::error::{Error, Result};
use crate::plan::Principal;
use crate::request::once;

/// Headers on which the reply depends beside method, path, query and body.
const RELEVANT: &[&str] = &["accept", "content-type", "if-match", "if-none-match", "prefer"];

/// The write that a request's key names; `None` without a key.
///
/// # Errors
/// `bad_header` for a key that is none.
pub(super) fn of(request: &Request, principal: &Principal, body: &[u8]) -> Result<Option<Once>> {
    let headers = request.headers();
    let Some(key) = once::key(headers.get_all("idempotency-key").iter().map(HeaderValue::as_bytes))? else {
        return Ok(None);
    };
    let (method, uri) = (request.method().as_str(), request.uri());
    let mut parts: Vec<&[u8]> = vec![
        method.as_bytes(),
        uri.path().as_bytes(),
        uri.query().unwrap_or("").as_bytes(),
        body,
    ];
    for name in RELEVANT {
        for value in headers.get_all(*name) {
            parts.push(name.as_bytes());
            parts.push(value.as_bytes());
        }
    }
    Ok(Some(Once {
        key,
        principal: principal.id().to_owned(),
        method: method.to_owned(),
        path: uri.path().to_owned(),
        fingerprint: digest(parts),
    }))
}

/// A reply as it is kept.
pub(super) fn keep(reply: Reply) -> Kept {
    let headers = reply.headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    Kept {
        status: reply.status.as_u16(),
        headers: headers.collect(),
        // A write's reply is never streamed.
        body: match reply.body {
            Body::Whole(bytes) => bytes.to_vec(),
            Body::Stream(_) | Body::Unsent => Vec::new(),
        },
        replayed: false,
    }
}

/// A kept reply, to be sent.
///
/// # Errors
/// `internal` for a status that is none.
pub(super) fn send(kept: Kept) -> Result<Reply> {
    let mut headers = HeaderMap::new();
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    let reply = Reply {
        status: StatusCode::from_u16(kept.status).map_err(Error::internal)?,
        headers,
        body: Body::Whole(kept.body.into()),
    };
    Ok(if kept.replayed {
        reply.header("idempotency-replayed", "true")
    } else {
        reply
    })
}
