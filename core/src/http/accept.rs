//! Which media type a client wants (RFC 9110 §12.5.1).

use salvo::http::HeaderMap;
use salvo::http::header::ACCEPT;

use crate::error::{Code, Error, Result};

/// The forms a reply of rows can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// `application/json`: an array for lists, an object for an item.
    Json,
    /// `application/vnd.pgrst.object+json`: exactly one row, as an object.
    Object,
}

impl Accept {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Object => "application/vnd.pgrst.object+json",
        }
    }

    /// The best form for the `Accept` headers of a request; without one, JSON.
    ///
    /// # Errors
    /// `not_acceptable`.
    pub fn parse(headers: &HeaderMap) -> Result<Self> {
        let mut best: Option<(f32, Self)> = None;
        let mut any = false;
        for header in headers.get_all(ACCEPT) {
            for item in header.to_str().unwrap_or("").split(',') {
                let mut parts = item.split(';').map(str::trim);
                let name = parts.next().unwrap_or("").to_ascii_lowercase();
                if name.is_empty() {
                    continue;
                }
                any = true;
                let quality = parts
                    .find_map(|p| p.strip_prefix("q="))
                    .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
                let form = match name.as_str() {
                    "*/*" | "application/*" | "application/json" => Self::Json,
                    "application/vnd.pgrst.object+json" => Self::Object,
                    _ => continue,
                };
                if quality > 0.0 && best.is_none_or(|(known, _)| quality > known) {
                    best = Some((quality, form));
                }
            }
        }
        match best {
            Some((_, form)) => Ok(form),
            None if !any => Ok(Self::Json),
            None => Err(Error::new(Code::NotAcceptable, Code::NotAcceptable.title())
                .with_hint("this version makes application/json and application/vnd.pgrst.object+json")),
        }
    }
}
