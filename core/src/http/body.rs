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
    match media(request) {
        Some(Media::Json) => whole(request, limits).await,
        _ => Err(unsupported()),
    }
}

/// What a body says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// JSON in UTF-8.
    Json,
    /// Plain text in UTF-8.
    Text,
    /// Bytes.
    Bytes,
    /// Nothing is said.
    Unsaid,
}

/// The media type of a body; none for one that is not read here.
pub fn media(request: &Request) -> Option<Media> {
    let Some(media) = request.headers().get(CONTENT_TYPE) else {
        return Some(Media::Unsaid);
    };
    let media = media.to_str().ok()?.to_ascii_lowercase();
    let mut parts = media.split(';').map(str::trim);
    let name = parts.next().unwrap_or("");
    let utf8 = parts
        .filter_map(|p| p.strip_prefix("charset="))
        .all(|c| matches!(c.trim_matches('"'), "utf-8" | "utf8"));
    match name {
        "application/octet-stream" => Some(Media::Bytes),
        _ if !utf8 => None,
        "text/plain" => Some(Media::Text),
        "application/json" => Some(Media::Json),
        name if name.starts_with("application/") && name.ends_with("+json") => Some(Media::Json),
        _ => None,
    }
}

/// The refusal of a body of another media type.
pub fn unsupported() -> Error {
    Error::new(Code::UnsupportedMediaType, Code::UnsupportedMediaType.title())
        .with_hint("send `Content-Type: application/json`, in UTF-8")
}

/// Reads a body, whatever it is.
///
/// # Errors
/// As [`json`].
pub async fn whole(request: &mut Request, limits: &Limits) -> Result<Bytes> {
    let headers = request.headers();
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
