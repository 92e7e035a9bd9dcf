//! An error on its way to a reply, with the headers that tell a program what the text tells people.

use crate::error::{Code, Error};

/// An error with the headers of its reply.
#[derive(Debug)]
pub struct Refusal {
    /// What went wrong.
    pub error: Error,
    /// Names and values beside those that follow from the error alone.
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    /// A 405 with its `Allow` (RFC 9110 §15.5.6).
    #[must_use]
    pub fn method(allowed: String) -> Self {
        let error = Error::new(Code::MethodNotAllowed, Code::MethodNotAllowed.title())
            .with_hint(format!("allowed are {allowed}"));
        Self::from(error).header("allow", allowed)
    }

    /// A 416 with its `Content-Range` (RFC 9110 §15.5.17).
    #[must_use]
    pub fn range(offset: u64, total: u64) -> Self {
        let error = Error::new(Code::RangeNotSatisfiable, Code::RangeNotSatisfiable.title())
            .with_details(format!("offset {offset} of {total} rows"))
            .with_hint(format!("ask for an offset below {total}, or for none"));
        Self::from(error).header("content-range", format!("*/{total}"))
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            error,
            headers: Vec::new(),
        }
    }
}
