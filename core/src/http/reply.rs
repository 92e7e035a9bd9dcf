//! A reply, before it becomes salvo's response.

use bytes::Bytes;
use salvo::http::header::{HeaderName, HeaderValue};
use salvo::http::{HeaderMap, ResBody, StatusCode};
use salvo::{Response, http::header};

/// A status, headers and a whole body.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers; the server adds those that every reply has.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// A reply without a body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// With a body of this media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = body.into();
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
    pub(super) fn send(self, response: &mut Response, head: bool) {
        response.status_code(self.status);
        let length = self.body.len();
        response.headers_mut().extend(
            self.headers
                .into_iter()
                .filter_map(|(name, value)| Some((name?, value))),
        );
        if head {
            // The headers are those of a GET (RFC 9110 §9.3.2).
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        } else if length > 0 || !matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            response.body(ResBody::Once(self.body));
        }
    }
}
