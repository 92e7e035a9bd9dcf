//! Who may do what.

use crate::contract::{Grant, Resource, Verb};
use crate::error::{Code, Error, Result};

/// Who asks. Keys and tokens join when authentication comes; until then everybody is anonymous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// No credentials.
    Anonymous,
}

impl Principal {
    /// The role by which settings tell principals apart.
    #[must_use]
    pub const fn role(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
        }
    }
}

/// Lets a principal use a verb of a resource, or says why not.
///
/// # Errors
/// `method_not_allowed` for a verb the resource does not offer, `unauthenticated` for a closed one.
pub fn allow(resource: &Resource, verb: Verb, principal: &Principal) -> Result<()> {
    let Some(grants) = resource.access.of(verb) else {
        return Err(Error::new(Code::MethodNotAllowed, Code::MethodNotAllowed.title()));
    };
    granted(grants, principal)
}

/// Lets a principal in by one of the grants.
///
/// # Errors
/// `unauthenticated`.
pub fn granted(grants: &[Grant], principal: &Principal) -> Result<()> {
    match principal {
        Principal::Anonymous if grants.contains(&Grant::Public) => Ok(()),
        Principal::Anonymous => Err(Error::new(Code::Unauthenticated, Code::Unauthenticated.title())),
    }
}
