//! The `Link` header of a list (RFC 8288): the pages beside it, by cursor.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::db::edges::{Edges, Values};
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
pub(super) fn header(read: &Read, query: &str, edges: &Edges, key: &Key) -> Option<String> {
    let binding = read.binding?;
    // The next page begins after what came last, the one before ends at what came first; on the way back the other way round.
    let (next, before) = match &read.page {
        Page::Offset(_) => (edges.last(), None),
        Page::After(cursor) if cursor.backward => (edges.first.as_ref(), edges.last()),
        Page::After(_) => (edges.last(), edges.first.as_ref()),
    };
    let link = |values: Option<&Values>, backward: bool, relation: &str| {
        let cursor = Cursor {
            values: values?.clone(),
            backward,
        };
        let sealed = cursor.seal(key, binding)?;
        Some(format!(
            "<{}>; rel=\"{relation}\"",
            target(&read.resource.path, query, &sealed)
        ))
    };
    let links: Vec<String> = [link(next, false, "next"), link(before, true, "prev")]
        .into_iter()
        .flatten()
        .collect();
    (!links.is_empty()).then(|| links.join(", "))
}

fn target(path: &str, query: &str, cursor: &str) -> String {
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
    target.push_str("cursor=");
    target.push_str(cursor);
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
            assert_eq!(target("/api/a", query, "C"), wanted);
        }
    }
}
