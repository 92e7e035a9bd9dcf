//! Compression of the docs' pages (RFC 9110 §8.4): gzip, made once and kept.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{LazyLock, Mutex};

use bytes::Bytes;
use salvo::http::HeaderMap;
use salvo::http::header::ACCEPT_ENCODING;

static MADE: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);

/// Most compressed bodies kept; a reload makes new ones, so the old must go.
const KEPT: usize = 32;

/// Whether the client reads gzip.
pub(super) fn gzip_wanted(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            matches!(parts.next(), Some("gzip" | "*"))
                && !parts.any(|p| matches!(p, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
}

/// The body under gzip; `etag` names its content. `None` when it cannot be made.
pub(super) fn gzip(etag: &str, body: &Bytes) -> Option<Bytes> {
    if let Some(made) = MADE.lock().ok()?.get(etag) {
        return Some(made.clone());
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).ok()?;
    let made = Bytes::from(encoder.finish().ok()?);
    let mut kept = MADE.lock().ok()?;
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(etag.to_owned(), made.clone());
    Some(made)
}
