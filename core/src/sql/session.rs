//! What policies and functions of the database read of who asks.

use super::statement::Statement;
use crate::contract::Resource;
use crate::plan::Principal;

/// Lets a statement run as who asks: in the role of the credentials, where the database has it, and with their tenant,
/// subject and claims in settings of its transaction. `PostgREST`'s policies find the claims where they look for them.
///
/// Nothing is set for whoever has no credentials.
pub fn enter(statement: &mut Statement, resource: &Resource, principal: &Principal) {
    let Some(identity) = principal.identity() else {
        return;
    };
    statement.settings.extend([
        ("request.jwt.claims", identity.claims.clone()),
        ("windlass.subject", identity.subject.clone()),
        ("windlass.tenant", identity.tenant.clone().unwrap_or_default()),
    ]);
    // Last: it may have the right to nothing but what it is to do.
    if let Some(role) = role(resource, principal) {
        statement.settings.push((ROLE, role.to_owned()));
    }
}

/// The setting that takes a role on.
pub const ROLE: &str = "role";

/// The role of the database that a statement is run in, if not in the serving one.
#[must_use]
pub fn role<'p>(resource: &Resource, principal: &'p Principal) -> Option<&'p str> {
    let role = principal.identity()?.role.as_deref()?;
    resource.roles.by_name.contains_key(role).then_some(role)
}

/// Whether a read of one row, and of no others, depends on who asks.
#[must_use]
pub fn matters(resource: &Resource, principal: &Principal) -> bool {
    *principal != Principal::Anonymous && (resource.guarded || role(resource, principal).is_some())
}
