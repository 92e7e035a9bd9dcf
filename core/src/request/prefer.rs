//! The `Prefer` header (RFC 7240) with `PostgREST`'s preferences.

use crate::error::{Code, Error, Result};

/// Preferences of this version; unknown ones are ignored, unless `handling=strict` is among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefer {
    /// `return=…`.
    pub returns: Option<Return>,
    /// `count=…`.
    pub count: Option<Count>,
    /// `handling=strict`.
    pub strict: bool,
}

/// How the rows that match are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// One by one.
    Exact,
    /// As Postgres's planner reckons.
    Planned,
    /// One by one up to the resource's largest page, else as the planner reckons.
    Estimated,
}

impl Count {
    /// The word of the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Planned => "planned",
            Self::Estimated => "estimated",
        }
    }
}

/// What a write answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// No body.
    Minimal,
    /// No body, but `Location`.
    HeadersOnly,
    /// The rows as stored.
    Representation,
}

impl Return {
    /// The word of the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::HeadersOnly => "headers-only",
            Self::Representation => "representation",
        }
    }
}

impl Prefer {
    /// Reads every `Prefer` header of a request; the first of two equal names counts (RFC 7240 §2).
    ///
    /// # Errors
    /// `bad_header` for unknown preferences under `handling=strict`.
    pub fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut prefer = Self::default();
        let mut unknown = Vec::new();
        let mut handling = None;
        for item in headers.flat_map(|header| header.split(',')) {
            let item = item.split(';').next().unwrap_or("").trim();
            let (name, value) = item.split_once('=').unwrap_or((item, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
            match (name.as_str(), value) {
                ("", _) => {}
                ("handling", "lenient") => _ = handling.get_or_insert(false),
                ("handling", "strict") => _ = handling.get_or_insert(true),
                ("return", "minimal") => _ = prefer.returns.get_or_insert(Return::Minimal),
                ("return", "headers-only") => _ = prefer.returns.get_or_insert(Return::HeadersOnly),
                ("return", "representation") => _ = prefer.returns.get_or_insert(Return::Representation),
                ("count", "exact") => _ = prefer.count.get_or_insert(Count::Exact),
                ("count", "planned") => _ = prefer.count.get_or_insert(Count::Planned),
                ("count", "estimated") => _ = prefer.count.get_or_insert(Count::Estimated),
                _ => unknown.push(item.to_owned()),
            }
        }
        prefer.strict = handling == Some(true);
        if prefer.strict && !unknown.is_empty() {
            return Err(Error::new(
                Code::BadHeader,
                "The Prefer header names preferences that are not known here",
            )
            .with_details(unknown.join(", "))
            .with_hint("known are return=minimal|headers-only|representation, count=exact|planned|estimated, handling=strict|lenient"));
        }
        Ok(prefer)
    }

    /// The value of `Preference-Applied` (RFC 7240 §3), given what the route made use of.
    #[must_use]
    pub fn applied(&self, returns: bool, count: bool) -> Option<String> {
        let mut words = Vec::new();
        if let Some(form) = self.returns.filter(|_| returns) {
            words.push(format!("return={}", form.as_str()));
        }
        if let Some(way) = self.count.filter(|_| count) {
            words.push(format!("count={}", way.as_str()));
        }
        if self.strict {
            words.push("handling=strict".to_owned());
        }
        (!words.is_empty()).then(|| words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences() {
        let prefer = Prefer::parse(["return=representation, count=exact", "tx=rollback"].into_iter()).unwrap();
        assert_eq!(prefer.returns, Some(Return::Representation));
        assert_eq!(
            prefer.applied(true, true).unwrap(),
            "return=representation, count=exact"
        );
        assert!(Prefer::parse(["handling=strict, tx=rollback"].into_iter()).is_err());
        assert_eq!(
            Prefer::parse(["Return = minimal"].into_iter()).unwrap().returns,
            Some(Return::Minimal)
        );
    }
}
