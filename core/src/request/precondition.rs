//! `If-Match` and `If-None-Match` (RFC 9110 §13.1): which state of a row a request is meant for.

use super::reader::place;
use crate::error::{Code, Error, Result};

/// The preconditions of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconditions {
    /// `If-Match`.
    pub if_match: Option<Tags>,
    /// `If-None-Match`.
    pub if_none_match: Option<Tags>,
}

/// A list of entity tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// `*`: any state, as long as there is one.
    Any,
    /// The tags, without their quotes.
    List(Vec<Tag>),
}

/// An entity tag (RFC 9110 §8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// What stands between the quotes.
    pub text: String,
    /// `W/"…"`.
    pub weak: bool,
}

impl Preconditions {
    /// Reads the values of both headers.
    ///
    /// # Errors
    /// `bad_header` for what is no list of tags.
    pub fn parse<'a>(
        if_match: impl Iterator<Item = &'a [u8]>,
        if_none_match: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Self> {
        Ok(Self {
            if_match: parse("If-Match", if_match)?,
            if_none_match: parse("If-None-Match", if_none_match)?,
        })
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Whether one of them names tags, for which the row's own must be known.
    #[must_use]
    pub fn names_tags(&self) -> bool {
        [&self.if_match, &self.if_none_match]
            .into_iter()
            .any(|tags| matches!(tags, Some(Tags::List(_))))
    }

    /// Whether `If-Match` holds for a row with this tag; `None` is a row that does not exist. Weak tags never match.
    #[must_use]
    pub fn matches(&self, tag: Option<&str>) -> bool {
        match (&self.if_match, tag) {
            (None, _) | (Some(Tags::Any), Some(_)) => true,
            (Some(_), None) => false,
            (Some(Tags::List(tags)), Some(tag)) => tags.iter().any(|known| !known.weak && known.text == tag),
        }
    }

    /// Whether `If-None-Match` holds. Weak tags count like strong ones.
    #[must_use]
    pub fn matches_none(&self, tag: Option<&str>) -> bool {
        match (&self.if_none_match, tag) {
            (None, _) | (Some(_), None) => true,
            (Some(Tags::Any), Some(_)) => false,
            (Some(Tags::List(tags)), Some(tag)) => tags.iter().all(|known| known.text != tag),
        }
    }

    /// Both, for a write.
    ///
    /// # Errors
    /// `precondition_failed`.
    pub fn hold(&self, tag: Option<&str>) -> Result<()> {
        let header = if !self.matches(tag) {
            "If-Match"
        } else if !self.matches_none(tag) {
            "If-None-Match"
        } else {
            return Ok(());
        };
        let state = if tag.is_some() {
            "the row has another state"
        } else {
            "there is no such row"
        };
        let state = match (&self.if_none_match, header) {
            (Some(_), "If-None-Match") => "the row exists in this state",
            _ => state,
        };
        Err(Error::new(Code::PreconditionFailed, Code::PreconditionFailed.title())
            .with_details(format!("{header}: {state}"))
            .with_hint("read the row again, and decide by its ETag"))
    }
}

fn parse<'a>(name: &str, headers: impl Iterator<Item = &'a [u8]>) -> Result<Option<Tags>> {
    let refused = |details: String| {
        Error::new(Code::BadHeader, format!("The {name} header cannot be read"))
            .with_details(details)
            .with_hint(format!("write `{name}: \"tag\"`, several with commas, or `{name}: *`"))
    };
    let (mut any, mut tags, mut given) = (false, Vec::new(), false);
    for header in headers {
        given = true;
        let mut rest = header;
        // Other bytes than ASCII come in tags alone, one character each.
        let text: String = header
            .iter()
            .copied()
            .map(|byte| if byte.is_ascii() { char::from(byte) } else { '?' })
            .collect();
        let wrong = |rest: &[u8], what: &str| refused(place(&text, text.len() - rest.len(), what));
        loop {
            // Empty members of a list are passed over (RFC 9110 §5.6.1.2).
            while let Some(after) = rest
                .strip_prefix(b",")
                .or_else(|| rest.strip_prefix(b" "))
                .or_else(|| rest.strip_prefix(b"\t"))
            {
                rest = after;
            }
            if rest.is_empty() {
                break;
            }
            rest = if let Some(after) = rest.strip_prefix(b"*") {
                any = true;
                after
            } else {
                let (weak, opened) = rest.strip_prefix(b"W/").map_or((false, rest), |opened| (true, opened));
                let Some(opened) = opened.strip_prefix(b"\"") else {
                    return Err(wrong(opened, "`*` or a tag in double quotes"));
                };
                let Some(end) = opened.iter().position(|byte| *byte == b'"') else {
                    return Err(wrong(&[], "a closing `\"`"));
                };
                let (text, after) = opened.split_at(end);
                if let Some(at) = text.iter().position(|byte| *byte <= b' ' || *byte == 0x7f) {
                    let from = opened.get(at..).unwrap_or_default();
                    return Err(wrong(from, "a tag without spaces and control characters"));
                }
                tags.push(Tag {
                    text: String::from_utf8_lossy(text).into_owned(),
                    weak,
                });
                after.strip_prefix(b"\"").unwrap_or(after)
            };
            let after = rest.trim_ascii_start();
            if !after.is_empty() && !after.starts_with(b",") {
                return Err(wrong(after, "`,` or the end"));
            }
        }
    }
    match (given, any, tags.is_empty()) {
        (false, _, _) => Ok(None),
        (true, true, true) => Ok(Some(Tags::Any)),
        (true, true, false) => Err(refused("expected `*` alone, or tags alone, found both".to_owned())),
        (true, false, true) => Err(refused(place("", 0, "`*` or a tag in double quotes"))),
        (true, false, false) => Ok(Some(Tags::List(tags))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<Tags>> {
        parse("If-Match", values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn lists() {
        let tag = |text: &str, weak| Tag {
            text: text.into(),
            weak,
        };
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["*"]).unwrap(), Some(Tags::Any));
        assert_eq!(
            read(&["\"a\", W/\"b,c\" ,,\"\"", "\"d\""]).unwrap(),
            Some(Tags::List(vec![
                tag("a", false),
                tag("b,c", true),
                tag("", false),
                tag("d", false)
            ]))
        );
        for bad in [
            "",
            ",",
            "a",
            "\"a",
            "\"a\"\"b\"",
            "*, \"a\"",
            "w/\"a\"",
            "\"a b\"",
            "W/ \"a\"",
        ] {
            assert_eq!(read(&[bad]).unwrap_err().code(), Code::BadHeader, "{bad}");
        }
    }

    #[test]
    fn weak_and_strong() {
        let of = |if_match: Option<&str>, none: Option<&str>| {
            Preconditions::parse(
                if_match.map(str::as_bytes).into_iter(),
                none.map(str::as_bytes).into_iter(),
            )
            .unwrap()
        };
        for (conditions, tag, holds) in [
            (of(None, None), None, true),
            (of(Some("*"), None), Some("a"), true),
            (of(Some("*"), None), None, false),
            (of(Some("\"a\""), None), Some("a"), true),
            (of(Some("\"b\", \"a\""), None), Some("a"), true),
            (of(Some("\"b\""), None), Some("a"), false),
            (of(Some("W/\"a\""), None), Some("a"), false),
            (of(Some("\"a\""), None), None, false),
            (of(None, Some("*")), None, true),
            (of(None, Some("*")), Some("a"), false),
            (of(None, Some("\"a\"")), Some("a"), false),
            (of(None, Some("W/\"a\"")), Some("a"), false),
            (of(None, Some("\"b\"")), Some("a"), true),
            (of(Some("\"a\""), Some("\"a\"")), Some("a"), false),
        ] {
            assert_eq!(conditions.hold(tag).is_ok(), holds, "{conditions:?} {tag:?}");
        }
    }
}
