//! What must hold of the row of a `PUT`.

use super::condition::Condition;
use crate::catalog::RelationKind;
use crate::contract::{Decimal, Resource};
use crate::error::{Error, Result, Violation};
use crate::request::Comparison;
use crate::validate::{Bind, Row};

/// `DEFAULT` in a view is null, not the default of the table below: there a PUT must say everything.
pub(super) fn whole(resource: &Resource, row: &Row) -> Result<()> {
    if resource.kind == RelationKind::Table {
        return Ok(());
    }
    let absent = |index: &usize| !row.values.iter().any(|(known, _)| known == index) && !resource.key.contains(index);
    let missing = resource
        .fields
        .iter()
        .enumerate()
        .filter(|(index, field)| !field.read_only && absent(index));
    let violation = |name: &str| Violation {
        kind: "missing".into(),
        loc: vec!["body".into(), name.into()],
        msg: "is required, as a view has no defaults".to_owned(),
        input: None,
        ctx: None,
    };
    let violations: Vec<Violation> = missing.map(|(_, field)| violation(&field.name)).collect();
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(violations))
    }
}

/// Whether two values in Postgres's text form are the same key: 1.5 is 1.50.
fn equal(one: &str, other: &str) -> bool {
    one == other || Decimal::parse(one).is_some_and(|one| Decimal::parse(other).is_some_and(|other| one == other))
}

/// The key may stand in the body as well, if it is the path's.
pub(super) fn same_key(condition: &Condition, resource: &Resource, row: &Row) -> Result<()> {
    let Condition::All(parts) = condition else {
        return Ok(());
    };
    let mut violations = Vec::new();
    for part in parts {
        let Condition::Compare(field, Comparison::Eq, wanted) = part else {
            continue;
        };
        let given = row
            .values
            .iter()
            .find(|(index, _)| *index == field.field)
            .map(|(_, bind)| bind);
        let differs = given.is_some_and(|bind| !matches!(bind, Bind::Text(text) if equal(text, wanted)));
        if let Some(field) = resource.fields.get(field.field).filter(|_| differs) {
            violations.push(Violation {
                kind: "value_error".into(),
                loc: vec!["body".into(), field.name.as_str().into()],
                msg: "must equal the key in the path".to_owned(),
                input: None,
                ctx: None,
            });
        }
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(violations))
    }
}
