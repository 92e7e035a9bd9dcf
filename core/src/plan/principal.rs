//! Who asks.

use std::sync::Arc;

/// Who asks: established once, before anything is routed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// No credentials.
    Anonymous,
    /// Credentials that were verified.
    Known(Arc<Identity>),
}

/// What verified credentials say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Tells this principal from every other one, whatever its scopes are.
    pub id: String,
    /// The subject, such as a user's id; what an API key has in its place names the key.
    pub subject: String,
    /// The role: a label for grants and costs, and a role of the database where there is one of this name.
    pub role: Option<String>,
    /// What may be done.
    pub scopes: Vec<String>,
    /// The tenant, as Postgres reads it from text.
    pub tenant: Option<String>,
    /// All claims, a JSON object, as policies in the database read them.
    pub claims: String,
}

/// The role of whoever has credentials that name none.
pub const AUTHENTICATED: &str = "authenticated";

impl Principal {
    /// The role by which settings tell principals apart.
    #[must_use]
    pub fn role(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Known(identity) => identity.role.as_deref().unwrap_or(AUTHENTICATED),
        }
    }

    /// What credentials say; none without them.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Anonymous => None,
            Self::Known(identity) => Some(identity),
        }
    }

    /// Tells principals apart.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Known(identity) => &identity.id,
        }
    }
}

#[cfg(test)]
pub(crate) fn known(role: Option<&str>, scopes: &[&str], tenant: Option<&str>) -> Principal {
    Principal::Known(Arc::new(Identity {
        id: "test".to_owned(),
        subject: "somebody".to_owned(),
        role: role.map(ToOwned::to_owned),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        tenant: tenant.map(ToOwned::to_owned),
        claims: "{}".to_owned(),
    }))
}
