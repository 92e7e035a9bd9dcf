//! One store per table of Windlass's own.

pub mod migration_run;

use crate::error::{Code, Error};

/// A failed statement on a table of our own.
fn failed(error: diesel::result::Error) -> Error {
    match error {
        diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::ClosedConnection, _) => {
            Error::new(Code::DatabaseUnavailable, Code::DatabaseUnavailable.title()).with_retry_after(1)
        }
        other => Error::internal(other),
    }
}
