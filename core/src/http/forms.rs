//! Rows in the form that a client accepts.

use crate::db::lane::Reply;
use crate::request::Accept;
use crate::sql::Rows;

/// How rows are written for it.
#[must_use]
pub const fn rows(accept: Accept) -> Rows {
    match accept {
        Accept::Json | Accept::Object => Rows::Json,
        Accept::Lines => Rows::Lines,
        Accept::Csv => Rows::Csv,
    }
}

/// Takes what was gathered as a body. As JSON it is an array, unless it is `one` row or value. The `heading` is that of the
/// statement, without which rows of CSV that are none would be nothing.
pub fn body(accept: Accept, one: bool, heading: &str, rows: &mut Reply) -> String {
    match accept {
        Accept::Json if !one => rows.array(),
        Accept::Json | Accept::Object | Accept::Lines => std::mem::take(&mut rows.json),
        Accept::Csv => heading.to_owned() + &rows.json,
    }
}
