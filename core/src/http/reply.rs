//! A reply, before it becomes salvo's response.

use bytes::Bytes;
use futures_util::stream;
use salvo::http::header::{HeaderName, HeaderValue};
use salvo::http::{HeaderMap, ResBody, StatusCode};
use salvo::{Response, http::header};

use crate::db::stream::Chunks;

/// What follows the headers.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// Rows, as they come.
    Stream(Chunks),
    /// What a `GET` would stream; only a `HEAD` is answered with it.
    Unsent,
}

impl Body {
    /// Bytes of it that are known already.
    #[must_use]
    pub fn known_bytes(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Stream(_) | Self::Unsent => 0,
        }
    }
}

/// A status, headers and a body.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers; the server adds those that every reply has.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl Reply {
    /// A reply without a body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Body::Whole(Bytes::new()),
        }
    }

    /// With a body of this media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = Body::Whole(body.into());
        self
    }

    /// With rows of this media type, sent as they come.
    #[must_use]
    pub fn stream(self, media_type: &'static str, chunks: Chunks) -> Self {
        let mut reply = self.unsent(media_type);
        reply.body = Body::Stream(chunks);
        reply
    }

    /// As [`Reply::stream`], for a `HEAD`.
    #[must_use]
    pub fn unsent(mut self, media_type: &'static str) -> Self {
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = Body::Unsent;
        self
    }

    /// With a header. A value that HTTP cannot carry is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Hands it to salvo.
    pub(super) fn send(self, response: &mut Response, head: bool, request_id: &str) {
        response.status_code(self.status);
        response.headers_mut().extend(
            self.headers
                .into_iter()
                .filter_map(|(name, value)| Some((name?, value))),
        );
        let empty = matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        match self.body {
            // The headers are those of a GET (RFC 9110 §9.3.2).
            Body::Whole(bytes) if head && !empty => {
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            }
            Body::Whole(bytes) if !empty => {
                response.body(ResBody::Once(bytes));
            }
            Body::Stream(chunks) if !head => {
                response.body(rows(chunks, request_id.to_owned()));
            }
            Body::Whole(_) | Body::Stream(_) | Body::Unsent => {}
        }
    }
}

/// Rows as a body. An error ends it abnormally: the connection breaks off before the body's end, so that what came is
/// never taken for all there is (RFC 9112 §8).
fn rows(chunks: Chunks, request_id: String) -> ResBody {
    let state = Some((chunks, request_id));
    ResBody::stream(stream::unfold(state, async |state| {
        let (mut chunks, request_id) = state?;
        match chunks.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some((chunks, request_id)))),
            Ok(None) => None,
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(target: "windlass::http", request_id, code = error.code().as_str(), cause, "a streamed reply broke off: {error}");
                Some((Err(std::io::Error::other(error)), None))
            }
        }
    }))
}
