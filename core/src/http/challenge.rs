//! What a refusal tells of the credentials that would do (RFC 6750 §3), and what caches are told of replies to them.

use super::{Refusal, Reply};
use crate::contract::{Grant, Route};
use crate::error::{Code, Error};
use crate::guards::HEADERS;
use crate::plan::Principal;

/// To whoever sent none.
pub(super) const BARE: &str = "Bearer realm=\"windlass\"";

/// The refusal of credentials that are not valid, or cannot be read.
pub(super) fn invalid_credentials(error: Error) -> Refusal {
    if error.code() != Code::Unauthenticated {
        return error.into();
    }
    // RFC 6750 §3: of the description neither quotes nor backslashes may be part.
    let told: String = error
        .details()
        .unwrap_or_default()
        .chars()
        .filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '`'))
        .collect();
    let challenge = format!("{BARE}, error=\"invalid_token\", error_description=\"{told}\"");
    Refusal::from(error).header("www-authenticate", challenge)
}

/// The refusal of what a principal may not do. To whoever sent no credentials it is that they are needed.
pub(super) fn insufficient(refusal: Refusal, principal: &Principal, route: Option<&Route>) -> Refusal {
    if refusal.error.code() != Code::Forbidden {
        return refusal;
    }
    if *principal == Principal::Anonymous {
        return Error::new(Code::Unauthenticated, Code::Unauthenticated.title())
            .with_source(refusal.error)
            .into();
    }
    let scopes: Vec<&str> = route
        .map(Route::grants)
        .unwrap_or_default()
        .iter()
        .filter_map(|grant| match grant {
            Grant::Scope(scope) => Some(scope.as_str()),
            _ => None,
        })
        .collect();
    let mut challenge = format!("{BARE}, error=\"insufficient_scope\"");
    // RFC 6750 §3: scopes are told in characters that need no quoting.
    let plain = |scope: &&str| {
        scope
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'))
    };
    if !scopes.is_empty() && scopes.iter().all(plain) {
        challenge.push_str(&format!(", scope=\"{}\"", scopes.join(" ")));
    }
    refusal.header("www-authenticate", challenge)
}

/// A reply of a route depends on who asks; one to somebody known is kept by nobody else (RFC 9111 §3.5).
pub(super) fn cached(reply: Reply, principal: &Principal) -> Reply {
    let known = reply.headers.get("vary").and_then(|vary| vary.to_str().ok());
    let vary = match known {
        Some(vary) => format!("{vary}, {HEADERS}"),
        None => HEADERS.to_owned(),
    };
    let reply = reply.header("vary", &vary);
    if *principal == Principal::Anonymous || reply.headers.contains_key("cache-control") {
        reply
    } else {
        reply.header("cache-control", "private")
    }
}
