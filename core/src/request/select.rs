//! `select=id,mail:email`: which columns a reply holds, and under which names.

use super::filter_parse::clip;
use crate::error::{Code, Error, Result};

/// One column of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectItem {
    /// `*`: every column.
    All,
    /// One column, perhaps under another name.
    Column {
        /// In the client's words.
        column: String,
        /// The name in the reply.
        alias: Option<String>,
    },
}

/// Reads the value of `select`.
///
/// # Errors
/// `bad_query`, naming the item.
pub fn parse(text: &str) -> Result<Vec<SelectItem>> {
    let mut items = Vec::new();
    for item in text.split(',') {
        let refused = |expected: &str| {
            Error::new(Code::BadQuery, "Query parameter `select` cannot be read")
                .with_details(format!("`{}`: {expected}", clip(item)))
        };
        if item == "*" {
            items.push(SelectItem::All);
            continue;
        }
        if item.contains(['(', ')', '>', '!']) || item.contains("::") || item.starts_with("...") {
            return Err(refused("embedding, casts and JSON paths are not part of this version"));
        }
        let (alias, column) = match item.split_once(':') {
            Some((alias, column)) => (Some(alias.to_owned()), column.to_owned()),
            None => (None, item.to_owned()),
        };
        if column.is_empty() || column.contains(':') || alias.as_deref() == Some("") || items.len() >= 1_600 {
            return Err(refused("expected a column or `alias:column`"));
        }
        items.push(SelectItem::Column { column, alias });
    }
    Ok(items)
}
