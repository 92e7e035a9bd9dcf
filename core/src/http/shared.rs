//! Pages of other sites (CORS): preflights, and what every other reply tells their browsers.

use salvo::http::header::VARY;
use salvo::http::{HeaderMap, Method, StatusCode};

use super::Reply;
use crate::config::{Cors, CorsRule};
use crate::guards::cors;

/// What holds for the pages of other sites that a request may come from.
pub(super) struct Shared<'a>(Option<&'a CorsRule>);

impl<'a> Shared<'a> {
    /// What holds for a path.
    pub(super) fn at(cors: &'a Cors, path: &str) -> Self {
        Self(cors::rule(cors, path))
    }

    /// The reply to a preflight. It is given before anything else is looked at: browsers send no credentials with it.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Reply> {
        let told = cors::preflight(self.0?, method, headers)?;
        let mut reply = Reply::new(StatusCode::NO_CONTENT);
        reply.headers.extend(told);
        Some(reply)
    }

    /// A reply to anything else, with what a browser is to know.
    pub(super) fn told(&self, mut reply: Reply, headers: &HeaderMap) -> Reply {
        for (name, value) in self.0.map(|rule| cors::reply(rule, headers)).unwrap_or_default() {
            let before = reply.headers.get(&name).and_then(|value| value.to_str().ok());
            match before {
                Some(before) if name == VARY => {
                    let both = format!("{before}, {}", value.to_str().unwrap_or_default());
                    reply = reply.header("vary", &both);
                }
                _ => {
                    reply.headers.insert(name, value);
                }
            }
        }
        reply
    }
}
