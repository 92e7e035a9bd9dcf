//! Who may do what.

pub use super::principal::Principal;
use crate::catalog::Role;
use crate::contract::{Grant, Resource, Verb};
use crate::error::{Code, Error, Result};

/// Lets a principal use a verb of a resource, or says why not.
///
/// # Errors
/// `method_not_allowed` for a verb the resource does not offer, else as [`granted`] and [`super::tenant::of`]; `forbidden` for
/// a role that cannot be taken on.
pub fn allow(resource: &Resource, verb: Verb, principal: &Principal) -> Result<()> {
    let Some(grants) = resource.access.of(verb) else {
        return Err(Error::new(Code::MethodNotAllowed, Code::MethodNotAllowed.title()));
    };
    granted(grants, principal)?;
    assumable(resource, principal)?;
    super::tenant::of(resource, principal).map(drop)
}

/// Refuses credentials whose role is one of the database that nobody may take on here, such as that of a superuser. A role that
/// the database does not have is a word for grants alone.
fn assumable(resource: &Resource, principal: &Principal) -> Result<()> {
    let role = principal.identity().and_then(|identity| identity.role.as_ref());
    match role.and_then(|role| resource.roles.by_name.get(role)) {
        Some(Role::Closed) => Err(Error::new(Code::Forbidden, Code::Forbidden.title())
            .with_details("the role of the credentials is one that may not be taken on here")),
        _ => Ok(()),
    }
}

/// Lets a principal in by one of the grants.
///
/// # Errors
/// `unauthenticated` without credentials, `forbidden` with those that do not suffice.
pub fn granted(grants: &[Grant], principal: &Principal) -> Result<()> {
    if grants.contains(&Grant::Public) {
        return Ok(());
    }
    let Some(identity) = principal.identity() else {
        return Err(Error::new(Code::Unauthenticated, Code::Unauthenticated.title()));
    };
    let holds = |grant: &Grant| match grant {
        Grant::Public | Grant::Authenticated => true,
        Grant::Scope(scope) => identity.scopes.contains(scope),
        Grant::Role(role) => role == principal.role(),
    };
    if grants.iter().any(holds) {
        return Ok(());
    }
    let needed: Vec<String> = grants.iter().filter_map(word).collect();
    Err(Error::new(Code::Forbidden, Code::Forbidden.title())
        .with_details(format!("it needs {}", needed.join(" or ")))
        .with_hint("ask with credentials that have it"))
}

fn word(grant: &Grant) -> Option<String> {
    match grant {
        Grant::Public | Grant::Authenticated => None,
        Grant::Scope(scope) => Some(format!("the scope `{scope}`")),
        Grant::Role(role) => Some(format!("the role `{role}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::principal::known;
    use super::*;

    #[test]
    fn any_grant_that_holds_lets_in() {
        let scope = || Grant::Scope("a.read".to_owned());
        let role = || Grant::Role("editor".to_owned());
        let reader = known(None, &["a.read"], None);
        let editor = known(Some("editor"), &[], None);
        let nobody = known(None, &["a"], None);
        let usual = Grant::Role("authenticated".to_owned());
        let cases: &[(&[Grant], &Principal, Option<Code>)] = &[
            (&[Grant::Public], &Principal::Anonymous, None),
            (&[Grant::Public], &nobody, None),
            (&[scope(), Grant::Public], &Principal::Anonymous, None),
            (
                &[Grant::Authenticated],
                &Principal::Anonymous,
                Some(Code::Unauthenticated),
            ),
            (&[Grant::Authenticated], &nobody, None),
            (&[scope()], &reader, None),
            (&[scope()], &editor, Some(Code::Forbidden)),
            (&[scope()], &nobody, Some(Code::Forbidden)),
            (&[role(), scope()], &editor, None),
            (&[role(), scope()], &reader, None),
            (&[role()], &nobody, Some(Code::Forbidden)),
            (&[usual], &nobody, None),
            (&[], &reader, Some(Code::Forbidden)),
        ];
        for (grants, principal, expected) in cases {
            let found = granted(grants, principal).err().map(|error| error.code());
            assert_eq!(found, *expected, "{grants:?} {principal:?}");
        }
    }
}
