//! One store per table of Windlass's own.

pub mod api_key;
pub mod audit;
pub mod idempotency;
pub mod migration_run;
pub mod route_state;
pub mod secret;

use diesel::data_types::PgTimestamp;

use diesel::result::DatabaseErrorKind;

use crate::error::{Code, Error};

/// Postgres's clock begins in 2000: microseconds from Unix's beginning to its.
const EPOCH: i64 = 946_684_800_000_000;

/// The moment as RFC 3339 in UTC; `infinity` and its kin as an empty text.
#[must_use]
pub fn rfc3339(time: PgTimestamp) -> String {
    let since = time.0.checked_add(EPOCH);
    since
        .and_then(|microseconds| jiff::Timestamp::from_microsecond(microseconds).ok())
        .map_or_else(String::new, |moment| moment.to_string())
}

/// A failed statement on a table of our own.
fn failed(error: diesel::result::Error) -> Error {
    match error {
        diesel::result::Error::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        ) => Error::new(Code::DatabaseUnavailable, Code::DatabaseUnavailable.title()).with_retry_after(1),
        other => Error::internal(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        for (microseconds, expected) in [
            (0, "2000-01-01T00:00:00Z"),
            (849_484_800_123_456, "2026-12-02T00:00:00.123456Z"),
            (i64::MAX, ""),
            (i64::MIN, ""),
        ] {
            assert_eq!(rfc3339(PgTimestamp(microseconds)), expected);
        }
    }
}
