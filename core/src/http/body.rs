//! Reads a request's body within its limits.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use salvo::Request;
use salvo::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};

use crate::app::Limits;
use crate::error::{Code, Error, Result};

/// Reads a JSON body.
///
/// # Errors
/// `unsupported_media_type`, `body_too_large`, `request_timeout`, or `bad_json` for a body that breaks off.
pub async fn json(request: &mut Request, limits: &Limits) -> Result<Bytes> {
    let headers = request.headers();
    let media = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
        .to_ascii_lowercase();
    let mut parts = media.split(';').map(str::trim);
    let name = parts.next().unwrap_or("");
    let is_json = name == "application/json" || (name.starts_with("application/") && name.ends_with("+json"));
    let utf8 = parts
        .filter_map(|p| p.strip_prefix("charset="))
        .all(|c| matches!(c.trim_matches('"'), "utf-8" | "utf8"));
    if !is_json || !utf8 {
        return Err(
            Error::new(Code::UnsupportedMediaType, Code::UnsupportedMediaType.title())
                .with_hint("send `Content-Type: application/json`, in UTF-8"),
        );
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(
            Error::new(Code::UnsupportedMediaType, "A compressed body is not read here")
                .with_hint("send it without Content-Encoding"),
        );
    }
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .unwrap_or(0);
    if announced > u64::try_from(limits.body).unwrap_or(u64::MAX) {
        return Err(too_large(limits));
    }
    let read = read(request, limits, usize::try_from(announced).unwrap_or(0));
    tokio::time::timeout(limits.body_timeout, read)
        .await
        .unwrap_or_else(|_| Err(Error::new(Code::RequestTimeout, Code::RequestTimeout.title())))
}

async fn read(request: &mut Request, limits: &Limits, announced: usize) -> Result<Bytes> {
    let mut stream = request.take_body();
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(frame) = stream.next().await {
        let frame = frame.map_err(|error| {
            if error.kind() == std::io::ErrorKind::TimedOut {
                Error::new(Code::RequestTimeout, Code::RequestTimeout.title())
            } else {
                Error::new(Code::BadJson, "The body broke off").with_source(error)
            }
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > limits.body {
            return Err(too_large(limits));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

fn too_large(limits: &Limits) -> Error {
    Error::new(Code::BodyTooLarge, Code::BodyTooLarge.title())
        .with_details(format!("at most {} bytes are read", limits.body))
        .with_hint("send fewer rows at once")
}
