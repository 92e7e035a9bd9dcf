//! `order=a.desc.nullslast,b`.

use super::filter_parse::clip;
use crate::error::{Code, Error, Result};

/// One term of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerm {
    /// The column, in the client's words.
    pub column: String,
    /// `desc`.
    pub descending: bool,
    /// Where nulls go; Postgres's default otherwise.
    pub nulls: Option<Nulls>,
}

/// Where nulls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the dialect")]
pub enum Nulls {
    First,
    Last,
}

/// Reads the value of `order`.
///
/// # Errors
/// `bad_query`, naming the term.
pub fn parse(text: &str) -> Result<Vec<OrderTerm>> {
    let mut terms = Vec::new();
    for term in text.split(',') {
        let mut parts = term.split('.');
        let column = parts.next().unwrap_or("").to_owned();
        let mut parsed = OrderTerm {
            column,
            descending: false,
            nulls: None,
        };
        let mut step = 0;
        for part in parts {
            let (at, known) = match part {
                "asc" => (1, true),
                "desc" => {
                    parsed.descending = true;
                    (1, true)
                }
                "nullsfirst" => {
                    parsed.nulls = Some(Nulls::First);
                    (2, true)
                }
                "nullslast" => {
                    parsed.nulls = Some(Nulls::Last);
                    (2, true)
                }
                _ => (0, false),
            };
            if !known || at <= step {
                return Err(refused(term));
            }
            step = at;
        }
        if parsed.column.is_empty() || terms.len() >= 32 {
            return Err(refused(term));
        }
        terms.push(parsed);
    }
    Ok(terms)
}

fn refused(term: &str) -> Error {
    Error::new(Code::BadQuery, "Query parameter `order` cannot be read")
        .with_details(format!(
            "`{}`: expected a column, then asc or desc, then nullsfirst or nullslast",
            clip(term)
        ))
        .with_hint("write for example `order=created_at.desc.nullslast,id`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms() {
        let terms = parse("a,b.desc,c.asc.nullsfirst,d.nullslast").unwrap();
        assert_eq!(terms.len(), 4);
        assert!(terms[1].descending && terms[2].nulls == Some(Nulls::First) && terms[3].nulls == Some(Nulls::Last));
        for bad in ["", "a,", "a.up", "a.nullslast.desc", "a.desc.asc", ".desc"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
