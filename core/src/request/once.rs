//! The `Idempotency-Key` header: the name that a client gives to one write, so that it can be sent again.
//!
//! The draft of the header (draft-ietf-httpapi-idempotency-key-header) writes the key as a quoted string; most clients
//! send it bare. Both are read, and `"a"` is the same key as `a`.

use super::reader::place;
use crate::error::{Code, Error, Result};

/// Longest key.
pub const MAX_KEY: usize = 255;

/// Reads the key; `None` when there is none.
///
/// # Errors
/// `bad_header` for an empty or long key, other than visible ASCII, or several headers.
pub fn key<'a>(mut headers: impl Iterator<Item = &'a [u8]>) -> Result<Option<String>> {
    let Some(value) = headers.next() else {
        return Ok(None);
    };
    let wrong = |what: &str| {
        Error::new(Code::BadHeader, "The Idempotency-Key header cannot be read")
            .with_details(what.to_owned())
            .with_hint("send one key of 1 to 255 visible ASCII characters, such as a new UUID for each write")
    };
    if headers.next().is_some() {
        return Err(wrong("it is given twice"));
    }
    let value = value.trim_ascii();
    let quoted = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .filter(|key| !key.is_empty());
    let key = quoted.unwrap_or(value);
    if key.is_empty() {
        return Err(wrong(&place("", 0, "a key")));
    }
    if key.len() > MAX_KEY {
        return Err(wrong(&format!(
            "character {}: expected the end, as a key has at most {MAX_KEY} characters",
            MAX_KEY + 1
        )));
    }
    if let Some(at) = key.iter().position(|byte| !byte.is_ascii_graphic()) {
        return Err(wrong(&format!("character {}: expected visible ASCII", at + 1)));
    }
    Ok(Some(String::from_utf8_lossy(key).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let read = |values: &[&'static str]| key(values.iter().map(|value| value.as_bytes()));
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["a"]).unwrap().unwrap(), "a");
        assert_eq!(read(&["\"a\""]).unwrap().unwrap(), "a");
        assert_eq!(read(&[" 8e03978e-40d5 "]).unwrap().unwrap(), "8e03978e-40d5");
        let (longest, longer): (&'static str, &'static str) = ("x".repeat(255).leak(), "x".repeat(256).leak());
        assert_eq!(read(&[longest]).unwrap().unwrap().len(), 255);
        for values in [&[""][..], &["a", "a"], &["a b"], &["\u{e9}"], &["a\tb"], &[longer]] {
            assert_eq!(read(values).unwrap_err().code(), Code::BadHeader, "{values:?}");
        }
    }
}
