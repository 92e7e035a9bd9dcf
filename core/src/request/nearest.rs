//! `order=embedding.nearest.cosine.[0.1,2]`: by distance from a vector, nearest first.

use super::reader::Reader;
use crate::error::Result;

/// By distance from a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearestTerm {
    /// The distance, in the client's words; the column's own otherwise.
    pub metric: Option<String>,
    /// The vector as it was written: JSON, or pgvector's text of a sparse one.
    pub vector: String,
}

/// What follows `nearest`.
///
/// # Errors
/// `bad_query` with the position and what was expected.
pub(super) fn parse(reader: &mut Reader<'_>) -> Result<NearestTerm> {
    let dot = |reader: &mut Reader<'_>| {
        if reader.eat(".") {
            Ok(())
        } else {
            Err(reader.expected("`.` and a vector such as [0.1,2]"))
        }
    };
    dot(reader)?;
    let mut metric = None;
    if !reader.next_is("[") && !reader.next_is("{") {
        let length = reader.rest().find(['.', ',']).unwrap_or(reader.rest().len());
        let word = reader.rest().get(..length).unwrap_or("").to_owned();
        if word.is_empty() {
            return Err(reader.expected("a metric or a vector such as [0.1,2]"));
        }
        reader.at += length;
        dot(reader)?;
        metric = Some(word);
    }
    let rest = reader.rest();
    let length = if rest.starts_with('[') {
        rest.find(']').map(|end| end + 1)
    } else if rest.starts_with('{') {
        // An object ends with its last brace, pgvector's text with the dimensions behind it.
        rest.find('}').map(|end| {
            let behind = rest.get(end + 1..).unwrap_or("");
            let digits = behind.strip_prefix('/').map_or(0, |behind| {
                1 + behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len())
            });
            end + 1 + digits
        })
    } else {
        None
    };
    let Some(vector) = length.and_then(|length| rest.get(..length)) else {
        return Err(reader.expected("a vector such as [0.1,2]"));
    };
    reader.at += vector.len();
    Ok(NearestTerm {
        metric,
        vector: vector.to_owned(),
    })
}
