//! Requests as they are answered, for whoever looks on.

pub mod filter;

use serde::{Deserialize, Serialize};

/// One answered request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Counts up from the start of the service.
    pub number: u64,
    /// The request's id.
    pub request_id: String,
    /// When it was answered: Unix time in milliseconds.
    pub at: i64,
    /// The method.
    pub method: String,
    /// The path, without the query string: it may hold personal data.
    pub path: String,
    /// The route that answered, such as `GET /api/leads/{id}`.
    pub route: Option<String>,
    /// The reply's status.
    pub status: u16,
    /// From the request's head to the reply's head, in microseconds.
    pub duration_us: u64,
    /// Bytes of the reply's body.
    pub bytes: u64,
    /// The code of the error it was answered with.
    pub code: Option<String>,
    /// The time of each stage, in order.
    pub stages: Vec<StageTime>,
}

/// The time that one stage of a request took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTime {
    /// `request`, `validate`, `plan`, `sql`, `wait` (for a lane), `db` or `http`.
    pub stage: String,
    /// In microseconds.
    pub us: u64,
}
