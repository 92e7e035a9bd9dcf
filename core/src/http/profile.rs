//! The schema that a client of `PostgREST` names (`PostgREST`, "Schemas"). There is one API, so there is nothing to choose:
//! what is asked for must be what is there.

use salvo::http::{HeaderMap, Method};

use crate::error::{Code, Error, Result};

/// What supabase-js names without being asked, wherever the tables are.
const USUAL: &str = "public";

/// Checks `Accept-Profile` of a read and `Content-Profile` of a write against the schema that is served.
///
/// # Errors
/// `not_acceptable` for another schema: rows from this one would be an answer to another question.
pub(super) fn check(headers: &HeaderMap, method: &Method, schema: &str) -> Result<()> {
    let name = match *method {
        Method::GET | Method::HEAD => "Accept-Profile",
        _ => "Content-Profile",
    };
    let Some(wanted) = headers.get(name) else {
        return Ok(());
    };
    if wanted == USUAL || wanted.as_bytes() == schema.as_bytes() {
        return Ok(());
    }
    Err(Error::new(Code::NotAcceptable, "The schema asked for is not served")
        .with_hint(format!("there is one API: send the request without {name}")))
}
