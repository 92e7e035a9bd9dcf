//! Which rows of a list are wanted: `limit`, `offset`, `cursor`, and the header `Range`.

use super::reader::{clip, place};
use crate::error::{Code, Error, Result};

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// So many rows after so many.
    Offset {
        /// As asked; the plan applies the resource's default and maximum.
        limit: Option<u64>,
        /// Rows to skip; `None` where nothing is said.
        offset: Option<u64>,
    },
    /// The rows beside the one that a cursor tells of.
    After {
        /// As asked; the plan applies the resource's default and maximum.
        limit: Option<u64>,
        /// Sealed: the plan opens it.
        cursor: String,
    },
}

impl Page {
    /// Nothing was said of it.
    pub const UNSAID: Self = Self::Offset {
        limit: None,
        offset: None,
    };

    /// Reads the headers `Range` and `Range-Unit`, which count where the query string says nothing of pages.
    ///
    /// A range in another unit is ignored (RFC 9110 §14.2). A plain `0-24` is in items, as with `PostgREST`.
    ///
    /// # Errors
    /// `bad_header` for a range in items that cannot be read.
    pub fn or_range(self, unit: Option<&str>, range: Option<&str>) -> Result<Self> {
        let Some(range) = range.filter(|_| self == Self::UNSAID) else {
            return Ok(self);
        };
        let (named, range) = match range.split_once('=') {
            Some((named, range)) => (named, range),
            None => (unit.unwrap_or("items"), range),
        };
        if !named.trim().eq_ignore_ascii_case("items") {
            return Ok(self);
        }
        let (offset, limit) = bounds(range.trim()).map_err(|details| {
            Error::new(Code::BadHeader, "The header `Range` cannot be read")
                .with_details(details)
                .with_hint("write for example `Range: items=0-24`, or `items=25-` for all from there")
        })?;
        Ok(Self::Offset {
            limit,
            offset: Some(offset),
        })
    }
}

/// `5-9`, or `5-`: the first row, counted from 0, and how many; else where it cannot be read.
fn bounds(range: &str) -> Result<(u64, Option<u64>), String> {
    let expected = |at: usize, what: &str| Err(place(range, at, what));
    let digits = |text: &str| {
        text.bytes()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let dash = digits(range);
    let (first, rest) = range.split_at(dash);
    let Some(first) = whole(first) else {
        return expected(0, "the first row, counted from 0");
    };
    let Some(last) = rest.strip_prefix('-') else {
        return expected(dash, "`-` and the last row");
    };
    if last.is_empty() {
        return Ok((first, None));
    }
    let end = digits(last);
    if end < last.len() {
        return expected(dash + 1 + end, "a digit or the end");
    }
    let rows = whole(last).and_then(|last| last.checked_sub(first)?.checked_add(1));
    match rows {
        Some(rows) => Ok((first, Some(rows))),
        None => expected(dash + 1, "a last row that is not before the first, and fits 64 bits"),
    }
}

/// Reads `limit` or `offset`: a whole number that fits Postgres's `bigint`.
///
/// # Errors
/// `bad_query`.
pub fn number(name: &str, text: &str) -> Result<u64> {
    whole(text).ok_or_else(|| {
        Error::new(
            Code::BadQuery,
            format!("Query parameter `{}` cannot be read", clip(name)),
        )
        .with_details(match text.bytes().position(|byte| !byte.is_ascii_digit()) {
            None if !text.is_empty() => place(text, 0, "a whole number that fits 64 bits"),
            at => place(text, at.unwrap_or(0), "a whole number, at least 0"),
        })
    })
}

fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse::<u64>().ok().filter(|n| digits && i64::try_from(*n).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let said = |unit, range| Page::UNSAID.or_range(unit, Some(range));
        let rows = |limit, offset| Page::Offset {
            limit,
            offset: Some(offset),
        };
        for (unit, range, wanted) in [
            (None, "items=0-24", rows(Some(25), 0)),
            (None, "Items = 5-5", rows(Some(1), 5)),
            (Some("items"), "0-24", rows(Some(25), 0)),
            (None, "10-", rows(None, 10)),
            (Some("bytes"), "0-24", Page::UNSAID),
            (Some("items"), "bytes=0-24", Page::UNSAID),
        ] {
            assert_eq!(said(unit, range).unwrap(), wanted, "{unit:?} {range}");
        }
        for bad in [
            "items=",
            "items=-5",
            "5-4",
            "a-b",
            "0-1,3-4",
            "0-99999999999999999999",
            "7",
            "0--1",
        ] {
            assert!(said(None, bad).is_err(), "{bad}");
        }
        let asked = rows(None, 3);
        assert_eq!(
            asked.clone().or_range(None, Some("0-24")).unwrap(),
            asked,
            "the query wins"
        );
    }
}
