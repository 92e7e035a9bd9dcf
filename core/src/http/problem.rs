//! Errors as `application/problem+json` (RFC 9457), with the members that `PostgREST`'s clients read.

use salvo::http::StatusCode;
use serde::Serialize;

use super::Reply;
use crate::error::{Error, Kind, Violation};

/// The body of an error reply.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    message: &'a str,
    details: Option<&'a str>,
    hint: Option<&'a str>,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Violation],
}

/// The status of a kind of error.
#[must_use]
pub fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Malformed => StatusCode::BAD_REQUEST,
        Kind::Ambiguous => StatusCode::MULTIPLE_CHOICES,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Missing => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Precondition => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::SlowClient => StatusCode::REQUEST_TIMEOUT,
        Kind::Range => StatusCode::RANGE_NOT_SATISFIABLE,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Kind::Operator | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Chosen(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// The reply of an error.
#[must_use]
pub fn reply(error: &Error, request_id: &str) -> Reply {
    let status = status(error.kind());
    // Operator texts name files and settings; whoever asks over HTTP is not told them.
    let hidden = matches!(error.kind(), Kind::Operator | Kind::Internal);
    let message = if hidden {
        crate::error::Code::Internal.title()
    } else {
        error.message()
    };
    let details = error.details().filter(|_| !hidden);
    let hint = error.hint().filter(|_| !hidden);
    let body = body(error, status, message, details, hint, request_id);
    let mut reply = Reply::new(status).body("application/problem+json", body);
    if let Some(seconds) = error.retry_after() {
        reply = reply.header("retry-after", &seconds.to_string());
    }
    if status == StatusCode::UNAUTHORIZED {
        reply = reply.header("www-authenticate", super::challenge::BARE);
    }
    reply
}

/// The status of a kind of error towards the operator, whose refusals are no faults of the service.
#[must_use]
pub fn status_for_operator(kind: Kind) -> StatusCode {
    match kind {
        Kind::Operator => StatusCode::CONFLICT,
        other => status(other),
    }
}

/// The body of an error for the operator, to whom everything is told, the causes of our own faults too.
#[must_use]
pub fn for_operator(error: &Error, request_id: &str) -> Vec<u8> {
    let status = status_for_operator(error.kind());
    let told = error.details_with_causes();
    body(
        error,
        status,
        error.message(),
        told.as_deref(),
        error.hint(),
        request_id,
    )
}

fn body(
    error: &Error,
    status: StatusCode,
    message: &str,
    details: Option<&str>,
    hint: Option<&str>,
    request_id: &str,
) -> Vec<u8> {
    let problem = Problem {
        r#type: format!("urn:windlass:problem:{}", error.code()),
        title: message,
        status: status.as_u16(),
        detail: details.unwrap_or(message),
        code: error.code().as_str(),
        message,
        details,
        hint,
        request_id,
        errors: error.violations(),
    };
    serde_json::to_vec(&problem).unwrap_or_default()
}
