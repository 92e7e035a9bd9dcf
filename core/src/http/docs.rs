//! `/docs` (Swagger UI), `/redoc` (ReDoc) and `/openapi.json`: everything comes from the binary.

use std::borrow::Cow;

use bytes::Bytes;
use rust_embed::{Embed, EmbeddedFile};
use salvo::http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};

use super::{Reply, encoding, router};
use crate::app::Published;
use crate::error::{Code, Error, Result};

/// Our own pages.
#[derive(Embed)]
#[folder = "../assets/docs"]
struct Pages;

/// The bundles of Swagger UI and `ReDoc`, fetched by `packaging/vendor/fetch`.
#[derive(Embed)]
#[folder = "../target/vendor/docs"]
struct Bundles;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
    base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// The reply for a path of the docs; `None` for any other path.
pub(super) fn page(path: &str, published: &Published, headers: &HeaderMap) -> Option<Result<Reply>> {
    // The bundles are large and never change: their hash was made when they were embedded.
    let mut hash = None;
    let (media_type, body, fresh) = match path {
        "/openapi.json" => ("application/json", published.openapi.clone(), "no-cache"),
        "/docs" | "/docs/" => ("text/html; charset=utf-8", filled("docs.html", published)?, "no-cache"),
        "/redoc" | "/redoc/" => ("text/html; charset=utf-8", filled("redoc.html", published)?, "no-cache"),
        _ => {
            let name = path.strip_prefix("/docs/assets/")?;
            let Some(file) = Pages::get(name)
                .or_else(|| Bundles::get(name))
                .filter(|_| !name.ends_with(".html"))
            else {
                return Some(Err(Error::new(Code::RouteNotFound, Code::RouteNotFound.title())));
            };
            hash = Some(file.metadata.sha256_hash());
            (media_type(name), bytes(file), "public, max-age=3600")
        }
    };
    let hash = hash.unwrap_or_else(|| Sha256::digest(&body).into());
    Some(Ok(reply(media_type, body, &hash, fresh, headers)))
}

fn reply(media_type: &'static str, body: Bytes, hash: &[u8; 32], fresh: &str, headers: &HeaderMap) -> Reply {
    let etag = format!("\"{}\"", hex(hash));
    let reply = if router::matches_etag(headers, &etag) {
        Reply::new(StatusCode::NOT_MODIFIED)
    } else {
        let packed = encoding::gzip_wanted(headers)
            .then(|| encoding::gzip(&etag, &body))
            .flatten();
        match packed {
            Some(packed) => Reply::new(StatusCode::OK)
                .body(media_type, packed)
                .header("content-encoding", "gzip"),
            None => Reply::new(StatusCode::OK).body(media_type, body),
        }
    };
    // The same resource under another coding is the same to a reader, so the tag is a weak one.
    reply
        .header("etag", &format!("W/{etag}"))
        .header("vary", "accept-encoding")
        .header("cache-control", fresh)
        .header("content-security-policy", POLICY)
        .header("referrer-policy", "no-referrer")
}

fn hex(digest: &[u8]) -> String {
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

/// A page with the project's title in it.
fn filled(name: &str, published: &Published) -> Option<Bytes> {
    let page = bytes(Pages::get(name)?);
    let title = escape(&published.snapshot.title);
    Some(Bytes::from(
        std::str::from_utf8(&page).ok()?.replace("{{title}}", &title),
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "text/plain; charset=utf-8",
    }
}
