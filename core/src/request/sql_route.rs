//! The parts of a request to a SQL route, as texts by name.

use percent_encoding::percent_decode_str;

use super::query::decode;
use crate::error::{Code, Error, Result};

/// Values by name, in the order in which the names come first.
pub type Texts = Vec<(String, Vec<String>)>;

/// The query string.
///
/// # Errors
/// `bad_query` for text that cannot be decoded.
pub fn query(text: &str) -> Result<Texts> {
    let mut texts = Texts::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        add(&mut texts, decode(name)?, decode(value)?);
    }
    Ok(texts)
}

/// A step of the path.
///
/// # Errors
/// `bad_path` for text that cannot be decoded.
pub fn step(text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok();
    decoded
        .filter(|text| !text.contains('\0'))
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| Error::new(Code::BadPath, "The path is not valid UTF-8 without U+0000"))
}

/// The values of a header that is called `name`.
///
/// # Errors
/// `bad_header` for what is no UTF-8.
pub fn header<'a>(name: &str, values: impl Iterator<Item = &'a [u8]>) -> Result<Vec<String>> {
    values
        .map(|value| match std::str::from_utf8(value) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(_) => Err(Error::new(
                Code::BadHeader,
                format!("The header {name} is not valid UTF-8"),
            )),
        })
        .collect()
}

/// The cookies (RFC 6265 §4.2), without the quotes that a value may have.
///
/// # Errors
/// `bad_header` for what is no UTF-8.
pub fn cookies<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Texts> {
    let mut texts = Texts::new();
    for header in header("Cookie", values)? {
        for pair in header.split(';') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let value = value.trim();
            let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            add(&mut texts, name.trim().to_owned(), bare.unwrap_or(value).to_owned());
        }
    }
    Ok(texts)
}

fn add(texts: &mut Texts, name: String, value: String) {
    match texts.iter_mut().find(|(known, _)| *known == name) {
        Some((_, values)) => values.push(value),
        None => texts.push((name, vec![value])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(texts: Texts) -> String {
        let one = |(name, values): (String, Vec<String>)| format!("{name}={}", values.join("|"));
        texts.into_iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn parts_are_read() {
        for (text, expected) in [("", ""), ("a=1&b&a=2&&c=x%20y+z", "a=1|2 b= c=x y z"), ("=1", "=1")] {
            assert_eq!(told(query(text).unwrap()), expected, "{text}");
        }
        for (text, expected) in [
            ("a=1; b=\"2\";c; d=e=f", "a=1 b=2 d=e=f"),
            ("a=1;a=2", "a=1|2"),
            ("a=\"", "a=\""),
        ] {
            assert_eq!(
                told(cookies([text.as_bytes()].into_iter()).unwrap()),
                expected,
                "{text}"
            );
        }
        assert_eq!(step("a%2Fb+c").unwrap(), "a/b+c");
        assert_eq!(header("X-A", [b" \xc3\xa4 ".as_slice()].into_iter()).unwrap(), ["ä"]);
        assert!(query("a=%ff").is_err() && query("a=%00").is_err());
        assert!(step("%ff").is_err() && step("%00").is_err());
        assert!(cookies([b"a=\xff".as_slice()].into_iter()).is_err());
    }
}
