//! The `Link` header of a list (RFC 8288): the pages beside it, by cursor.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::db::edges::{Edges, Values};
use crate::error::{Code, Error, Result};
use crate::plan::cursor::Key;
use crate::plan::{Cursor, Page, Read};

/// What would end a target in `<…>`, or is no part of a URI.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The header's value; none if no page lies beside this one, or the list has no cursors.
///
/// `query` is the request's own; the links keep it but for `cursor` and `offset`.
///
/// # Errors
/// `bad_query` where rows follow, but no cursor leads to them: a list must never look as if it ended.
pub(super) fn header(read: &Read, query: &str, edges: &Edges, key: &Key) -> Result<Option<String>> {
    let Some(binding) = read.binding else {
        return Ok(None);
    };
    // The next page begins after what came last, the one before ends at what came first; on the way back the other way round.
    let (next, before) = match &read.page {
        Page::Offset(_) => (edges.last(), None),
        Page::After(cursor) if cursor.backward => (edges.first.as_ref(), edges.last()),
        Page::After(_) => (edges.last(), edges.first.as_ref()),
    };
    let path = &read.resource.path;
    let link = |values: &Values, backward: bool| {
        let cursor = Cursor {
            values: values.clone(),
            backward,
        };
        let sealed = cursor.seal(key, binding)?;
        Some(target(path, query, &format!("cursor={sealed}")))
    };
    let mut links = Vec::new();
    if let Some(values) = next {
        let target = match (link(values, false), &read.page) {
            (Some(target), _) => target,
            (None, Page::Offset(offset)) => {
                let after = offset.saturating_add(read.limit.unwrap_or(0));
                target(path, query, &format!("offset={after}"))
            }
            (None, Page::After(_)) => {
                return Err(Error::new(
                    Code::BadQuery,
                    "A value that orders these rows is too long for a cursor",
                )
                .with_details("the page would have no way to the next one")
                .with_hint("order by a shorter column, or page with `limit` and `offset`"));
            }
        };
        links.push(format!("<{target}>; rel=\"next\""));
    }
    if let Some(target) = before.and_then(|values| link(values, true)) {
        links.push(format!("<{target}>; rel=\"prev\""));
    }
    Ok((!links.is_empty()).then(|| links.join(", ")))
}

/// `place` is `cursor=…` or `offset=…`.
fn target(path: &str, query: &str, place: &str) -> String {
    let kept = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy();
        !pair.is_empty() && name != "cursor" && name != "offset"
    });
    let mut target = utf8_percent_encode(path, UNSAFE).to_string();
    target.push('?');
    for pair in kept {
        target.extend(utf8_percent_encode(pair, UNSAFE));
        target.push('&');
    }
    target.push_str(place);
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for (query, wanted) in [
            ("", "/api/a?cursor=C"),
            ("limit=2&offset=4&a=eq.1", "/api/a?limit=2&a=eq.1&cursor=C"),
            ("%63ursor=old&order=b", "/api/a?order=b&cursor=C"),
            ("a=eq.<x>&&b=eq.\"", "/api/a?a=eq.%3Cx%3E&b=eq.%22&cursor=C"),
        ] {
            assert_eq!(target("/api/a", query, "cursor=C"), wanted);
        }
    }
}
