//! Values of text search types (Postgres, "Text Search Types"). What their input functions cannot read is an error of syntax
//! to Postgres, as if the statement were broken: so it is read here, and written anew with every word in quotes.

use crate::request::tsquery;

pub(super) const VECTOR: &str = "not a text search vector such as 'cat':1A 'rat'";
pub(super) const QUERY: &str = "not a text search query such as 'cat' & 'rat'";

/// A `tsquery`; the empty one is one.
pub(super) fn query(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some(String::new());
    }
    tsquery::read(text).ok()
}

/// A `tsvector`: words with their positions, `'fat':2A,3 cat`.
pub(super) fn vector(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = word(rest)?;
        let (places, after) = places(after)?;
        out.push_str(if out.is_empty() { "'" } else { " '" });
        out.push_str(&word.replace('\\', "\\\\").replace('\'', "''"));
        out.push('\'');
        out.push_str(places);
        rest = after.trim_start();
    }
    Some(out)
}

/// The first word, in quotes or up to a space or colon, and what follows it.
fn word(text: &str) -> Option<(String, &str)> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut word = String::new();
    let mut chars = text.char_indices().peekable();
    let mut after = "";
    let mut closed = !quoted;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => word.push(chars.next()?.1),
            '\'' if quoted => {
                if chars.next_if(|(_, next)| *next == '\'').is_none() {
                    after = text.get(at + 1..)?;
                    closed = true;
                    break;
                }
                word.push('\'');
            }
            c if !quoted && (c.is_whitespace() || c == ':') => {
                after = text.get(at..)?;
                break;
            }
            c => word.push(c),
        }
    }
    (closed && !word.is_empty()).then_some((word, after))
}

/// `:2A,3`, or nothing, and what follows.
fn places(text: &str) -> Option<(&str, &str)> {
    let Some(inner) = text.strip_prefix(':') else {
        return Some(("", text));
    };
    let length = 1 + inner.find(char::is_whitespace).unwrap_or(inner.len());
    let (places, after) = text.split_at_checked(length)?;
    let place = |place: &str| {
        let digits = place
            .strip_suffix(['A', 'B', 'C', 'D', 'a', 'b', 'c', 'd'])
            .unwrap_or(place);
        digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse().is_ok_and(|at: u16| at > 0)
    };
    places.get(1..)?.split(',').all(place).then_some((places, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        for (text, written) in [
            ("", ""),
            (" cat  rat ", "'cat' 'rat'"),
            ("'fat':2A,3 cat:1", "'fat':2A,3 'cat':1"),
            (r"'it''s' a\:b \'x", "'it''s' 'a:b' '''x'"),
            ("'a'b", "'a' 'b'"),
            ("a'b &|! (", "'a''b' '&|!' '('"),
            (r"'a\\'", r"'a\\'"),
            ("é:16383d", "'é':16383d"),
        ] {
            assert_eq!(vector(text).as_deref(), Some(written), "{text}");
        }
        for text in [
            "'", "''", "'a", ":", ":1", "a:", "a:x", "a:0", "a:1,", "a:1E", "a:1 2:", "\\", "a:-1", "a:100000", "a:+1",
        ] {
            assert_eq!(vector(text), None, "{text}");
        }
    }

    #[test]
    fn queries() {
        assert_eq!(query(" ").as_deref(), Some(""));
        assert_eq!(query("a & !b:*").as_deref(), Some("'a'&!'b':*"));
        assert_eq!(query("a b"), None);
    }
}
