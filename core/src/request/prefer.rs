//! The `Prefer` header (RFC 7240) with `PostgREST`'s preferences.

use crate::error::{Code, Error, Result};

/// What is known, for the hint.
const KNOWN: &str = "known are return=minimal|headers-only|representation, count=exact|planned|estimated, handling=strict|lenient, \
                     resolution=merge-duplicates|ignore-duplicates, missing=default|null, max-affected=NUMBER, \
                     tx=commit|rollback";

/// Preferences of this version; unknown ones are ignored, unless `handling=strict` is among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefer {
    /// `return=…`.
    pub returns: Option<Return>,
    /// `count=…`.
    pub count: Option<Count>,
    /// `handling=strict`.
    pub strict: bool,
    /// `resolution=…`.
    pub resolution: Option<Resolution>,
    /// `missing=…`.
    pub missing: Option<Missing>,
    /// `max-affected=…`; it counts under `handling=strict` alone.
    pub max_affected: Option<u64>,
    /// `tx=…`.
    pub end: Option<TransactionEnd>,
}

/// What a request is for, as far as preferences go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It reads.
    Read,
    /// It creates rows.
    Create,
    /// It gives rows new values.
    Change,
    /// It deletes rows.
    Delete,
    /// It calls a function that may write.
    Call,
}

/// What becomes of a new row whose unique key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The row there takes its values.
    Merge,
    /// It is left out.
    Ignore,
}

/// What a row of an array has for a field that only other rows name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The field's default.
    Default,
    /// Null.
    Null,
}

/// How a write's transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionEnd {
    /// The rows are stored.
    Commit,
    /// The reply is as if, but nothing is stored.
    Rollback,
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
                ("resolution", "merge-duplicates") => _ = prefer.resolution.get_or_insert(Resolution::Merge),
                ("resolution", "ignore-duplicates") => _ = prefer.resolution.get_or_insert(Resolution::Ignore),
                ("missing", "default") => _ = prefer.missing.get_or_insert(Missing::Default),
                ("missing", "null") => _ = prefer.missing.get_or_insert(Missing::Null),
                ("tx", "commit") => _ = prefer.end.get_or_insert(TransactionEnd::Commit),
                ("tx", "rollback") => _ = prefer.end.get_or_insert(TransactionEnd::Rollback),
                ("max-affected", number) if is_number(number) => {
                    // More than fits is no limit.
                    _ = prefer.max_affected.get_or_insert(number.parse().unwrap_or(u64::MAX));
                }
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
            .with_hint(KNOWN));
        }
        Ok(prefer)
    }

    /// Decides what `tx` may do: without `allowed` it is passed over, or refused under `handling=strict`.
    ///
    /// # Errors
    /// `bad_header`.
    pub fn allow_end(&mut self, allowed: bool) -> Result<()> {
        if allowed || self.end.is_none() {
            return Ok(());
        }
        if self.strict {
            return Err(Error::new(Code::BadHeader, "`Prefer: tx` is not allowed here")
                .with_hint("send the request without it"));
        }
        self.end = None;
        Ok(())
    }

    /// Under `handling=strict`, refuses what means nothing for such a request; else it is passed over.
    ///
    /// # Errors
    /// `bad_header`.
    pub fn suit(&self, purpose: Purpose) -> Result<()> {
        let writes = purpose != Purpose::Read;
        let strange = [
            ("return", self.returns.is_some() && !writes),
            ("max-affected", self.max_affected.is_some() && !writes),
            ("tx", self.end.is_some() && !writes),
            ("resolution", self.resolution.is_some() && purpose != Purpose::Create),
            (
                "missing",
                self.missing.is_some() && !matches!(purpose, Purpose::Create | Purpose::Change),
            ),
        ];
        let names: Vec<&str> = strange.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
        if !self.strict || names.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            Code::BadHeader,
            "The Prefer header names preferences that mean nothing for this request",
        )
        .with_details(names.join(", "))
        .with_hint("send the request without them, or without `handling=strict`"))
    }

    /// How many rows a write may change, where that is to be kept to.
    #[must_use]
    pub fn most(&self) -> Option<u64> {
        self.max_affected.filter(|_| self.strict)
    }

    /// The value of `Preference-Applied` for a write: of what belongs to new rows, only what was put to use.
    #[must_use]
    pub fn applied_to_write(&self, resolution: bool, missing: bool, counted: bool) -> Option<String> {
        let mut words = Vec::new();
        words.extend(
            self.resolution
                .filter(|_| resolution)
                .map(|resolution| match resolution {
                    Resolution::Merge => "resolution=merge-duplicates".to_owned(),
                    Resolution::Ignore => "resolution=ignore-duplicates".to_owned(),
                }),
        );
        words.extend(self.missing.filter(|_| missing).map(|missing| match missing {
            Missing::Default => "missing=default".to_owned(),
            Missing::Null => "missing=null".to_owned(),
        }));
        words.extend(self.returns.map(|form| format!("return={}", form.as_str())));
        // What is written is known, however it was to be counted.
        words.extend(self.count.filter(|_| counted).map(|_| "count=exact".to_owned()));
        words.extend(self.end.map(|end| match end {
            TransactionEnd::Commit => "tx=commit".to_owned(),
            TransactionEnd::Rollback => "tx=rollback".to_owned(),
        }));
        words.extend(self.strict.then(|| "handling=strict".to_owned()));
        words.extend(self.most().map(|most| format!("max-affected={most}")));
        (!words.is_empty()).then(|| words.join(", "))
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

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
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
        assert!(Prefer::parse(["handling=strict, tx=later"].into_iter()).is_err());
        assert!(Prefer::parse(["handling=strict, max-affected=-1"].into_iter()).is_err());
        let mut ended = Prefer::parse(["tx=rollback, max-affected=5"].into_iter()).unwrap();
        assert_eq!((ended.end, ended.most()), (Some(TransactionEnd::Rollback), None));
        ended.allow_end(false).unwrap();
        assert_eq!(ended.applied_to_write(true, true, true), None);
        let counted = Prefer::parse(["count=planned"].into_iter()).unwrap();
        assert_eq!(counted.applied_to_write(true, true, true).unwrap(), "count=exact");
        assert_eq!(counted.applied_to_write(true, true, false), None);
        let mut strict = Prefer::parse(["handling=strict, tx=rollback, max-affected=5"].into_iter()).unwrap();
        assert_eq!(strict.most(), Some(5));
        assert!(strict.allow_end(false).is_err());
        strict.allow_end(true).unwrap();
        assert_eq!(
            strict.applied_to_write(true, true, true).unwrap(),
            "tx=rollback, handling=strict, max-affected=5"
        );
        assert_eq!(
            Prefer::parse(["Return = minimal"].into_iter()).unwrap().returns,
            Some(Return::Minimal)
        );
    }
}
