//! Which rows of a list are wanted.

use super::reader::clip;
use crate::error::{Code, Error, Result};

/// Which rows are wanted. Cursors join this when the whole dialect comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// So many rows after so many.
    Offset {
        /// As asked; the plan applies the resource's default and maximum.
        limit: Option<u64>,
        /// Rows to skip.
        offset: u64,
    },
}

/// Reads `limit` or `offset`: a whole number that fits Postgres's `bigint`.
///
/// # Errors
/// `bad_query`.
pub fn number(name: &str, text: &str) -> Result<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse::<u64>()
        .ok()
        .filter(|n| digits && i64::try_from(*n).is_ok())
        .ok_or_else(|| {
            Error::new(
                Code::BadQuery,
                format!("Query parameter `{}` cannot be read", clip(name)),
            )
            .with_details("expected a whole number, at least 0")
        })
}
