//! Rows of tenants: whose they are comes from credentials, never from a request.

use super::principal::Principal;
use crate::contract::Resource;
use crate::error::{Code, Error, Result, Violation};
use crate::validate::{self, Bind, Checked};

/// The tenant of who asks, in Postgres's text form; none for a resource without tenants.
///
/// # Errors
/// `forbidden` for credentials without a tenant, or with one that the column cannot hold.
pub fn of(resource: &Resource, principal: &Principal) -> Result<Option<String>> {
    let Some(field) = resource.tenant.and_then(|index| resource.fields.get(index)) else {
        return Ok(None);
    };
    let Some(identity) = principal.identity() else {
        return Err(Error::new(Code::Unauthenticated, Code::Unauthenticated.title()));
    };
    let Some(tenant) = &identity.tenant else {
        return Err(Error::new(Code::Forbidden, Code::Forbidden.title())
            .with_details("these rows belong to tenants, and the credentials name none")
            .with_hint("ask with credentials of a tenant"));
    };
    let read = validate::filter_value(field, tenant);
    read.map(Some).map_err(|expected| {
        Error::new(Code::Forbidden, Code::Forbidden.title()).with_details(format!(
            "the tenant of the credentials is none of this resource: it must be {expected}"
        ))
    })
}

/// Gives rows that are to be stored the tenant of who asks.
///
/// # Errors
/// `validation_failed` for rows that name another one.
pub(super) fn fill(resource: &Resource, principal: &Principal, checked: &mut Checked) -> Result<()> {
    let (Some(index), Some(own)) = (resource.tenant, of(resource, principal)?) else {
        return Ok(());
    };
    let many = checked.many;
    let mut violations = Vec::new();
    for (number, row) in checked.rows.iter_mut().enumerate() {
        match row.values.iter().find(|(known, _)| *known == index) {
            None => {
                // In field order, as all values are.
                let place = row.values.partition_point(|(known, _)| *known < index);
                row.values.insert(place, (index, Bind::Text(own.clone())));
            }
            Some((_, given)) if is(given, &own) => {}
            Some(_) => violations.push(other(resource, index, many.then_some(number))),
        }
    }
    refuse(violations)
}

/// Refuses a change that would give a row to another tenant. One that names its own changes nothing by that.
///
/// # Errors
/// `validation_failed`.
pub(super) fn keep(resource: &Resource, principal: &Principal, checked: &Checked) -> Result<()> {
    let (Some(index), Some(own)) = (resource.tenant, of(resource, principal)?) else {
        return Ok(());
    };
    let named = checked.rows.iter().flat_map(|row| &row.values);
    let strange = named.filter(|(known, given)| *known == index && !is(given, &own));
    refuse(strange.map(|_| other(resource, index, None)).collect())
}

fn is(given: &Bind, own: &str) -> bool {
    // A uuid is the same in capitals.
    matches!(given, Bind::Text(text) if text == own || text.len() == 36 && text.eq_ignore_ascii_case(own))
}

fn other(resource: &Resource, index: usize, row: Option<usize>) -> Violation {
    let name = resource.fields.get(index).map_or("", |field| field.name.as_str());
    let mut loc = vec!["body".into()];
    loc.extend(row.map(Into::into));
    loc.push(name.into());
    Violation {
        kind: "value_error".into(),
        loc,
        msg: "must be the tenant of the credentials, or be left out".to_owned(),
        input: None,
        ctx: None,
    }
}

fn refuse(violations: Vec<Violation>) -> Result<()> {
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(violations))
    }
}
