//! What of a body is used: `columns` picks fields, `missing=null` fills the rows of an array up.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::request::Missing;
use crate::request::json::Json;
use crate::suggest::nearest;

/// Leaves of a body what `columns` names, and gives every row of an array the fields that the others have, as null,
/// where `missing` says so. Bodies that are neither object nor array of objects stay as they are.
///
/// # Errors
/// `unknown_column` for a name that the resource does not have.
pub fn shape(
    resource: &Resource,
    body: &mut Json<'_>,
    columns: Option<&[String]>,
    missing: Option<Missing>,
) -> Result<()> {
    if let Some(unknown) = columns.and_then(|names| names.iter().find(|name| resource.field(name).is_none())) {
        let known = resource.fields.iter().map(|field| field.name.as_str());
        let short: String = unknown.chars().take(64).collect();
        let error = Error::new(
            Code::UnknownColumn,
            format!("{} has no column `{short}`", resource.name),
        );
        return Err(match nearest(unknown, known) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint("`columns` names fields of the body that are columns here"),
        });
    }
    let mut rows: Vec<&mut Vec<(Cow<'_, str>, Json<'_>)>> = match body {
        Json::Object(entries) => vec![entries],
        Json::Array(items) => items
            .iter_mut()
            .filter_map(|item| match item {
                Json::Object(entries) => Some(entries),
                _ => None,
            })
            .collect(),
        _ => return Ok(()),
    };
    if let Some(names) = columns {
        for entries in &mut rows {
            entries.retain(|(name, _)| names.iter().any(|wanted| wanted == name.as_ref()));
        }
    }
    if missing == Some(Missing::Null) {
        fill(resource, &mut rows, columns);
    }
    Ok(())
}

fn fill(resource: &Resource, rows: &mut [&mut Vec<(Cow<'_, str>, Json<'_>)>], columns: Option<&[String]>) {
    let mut names: Vec<String> = columns.unwrap_or_default().to_vec();
    if columns.is_none() {
        // Names that are no fields are refused later; filling them in would multiply what a client sends.
        let mut seen = vec![false; resource.fields.len()];
        for (name, _) in rows.iter().flat_map(|entries| entries.iter()) {
            let place = resource
                .by_name
                .get(name.as_ref())
                .and_then(|index| seen.get_mut(*index));
            if let Some(seen) = place.filter(|seen| !**seen) {
                *seen = true;
                names.push(name.clone().into_owned());
            }
        }
    }
    for entries in rows {
        let known: HashSet<String> = entries.iter().map(|(name, _)| name.clone().into_owned()).collect();
        let absent = names.iter().filter(|name| !known.contains(*name));
        entries.extend(absent.map(|name| (Cow::Owned(name.clone()), Json::Null)));
    }
}
