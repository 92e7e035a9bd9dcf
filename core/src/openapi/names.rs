//! What resources are called in the document: component names and operation ids, each only once.

use std::collections::HashSet;

use super::schemas::Model;
use crate::contract::{Field, Relationship, Resource, Snapshot, Verb};

/// A resource with its name in `PascalCase`, which no other resource of the document has.
pub(super) struct Named<'a> {
    pub(super) resource: &'a Resource,
    pub(super) name: String,
    /// The ways to other resources whose rows can be read.
    pub(super) relations: Vec<&'a Relationship>,
}

impl<'a> Named<'a> {
    /// Names all resources of a snapshot. `a-b` and `a_b` both give `AB`: the later one becomes `AB2`.
    pub(super) fn all(snapshot: &'a Snapshot, taken: &mut Taken) -> Vec<Self> {
        let resources = snapshot.resources.iter();
        resources
            .map(|resource| Self::of(snapshot, resource, taken.pascal(&resource.name)))
            .collect()
    }

    /// A resource under a name that is its own already.
    pub(super) fn of(snapshot: &'a Snapshot, resource: &'a Resource, name: String) -> Self {
        let reads = |resource: &Resource| resource.access.of(Verb::Read).is_some();
        let readable = |way: &&Relationship| reads(&way.target) && way.between().is_none_or(|between| reads(between));
        Self {
            resource,
            name,
            relations: snapshot.relationships(resource).iter().filter(readable).collect(),
        }
    }

    /// The component of a model: `LeadsRead`.
    pub(super) fn model(&self, model: Model) -> String {
        format!("{}{}", self.name, model.suffix())
    }

    /// The component of a filter parameter: `LeadsFilter.email`.
    pub(super) fn filter(&self, index: usize, field: &Field) -> String {
        format!("{}Filter.{}", self.name, part(index, field))
    }

    /// The component of a parameter that speaks of its columns: `LeadsQuery.select`.
    pub(super) fn query(&self, name: &str) -> String {
        format!("{}Query.{name}", self.name)
    }

    /// The component of rows with some of their columns: `LeadsPart`.
    pub(super) fn part(&self) -> String {
        format!("{}Part", self.name)
    }

    /// The component of a JSON column's own schema: `LeadsShape.meta`.
    pub(super) fn shape(&self, index: usize, field: &Field) -> String {
        format!("{}Shape.{}", self.name, part(index, field))
    }
}

/// Names in `PascalCase` that are in use.
#[derive(Default)]
pub(super) struct Taken(HashSet<String>);

impl Taken {
    /// The name, with a number behind it if an earlier one has it already.
    pub(super) fn pascal(&mut self, name: &str) -> String {
        unique(pascal(name), &mut self.0)
    }
}

/// A reference to a schema component.
pub(super) fn schema_ref(component: &str) -> String {
    format!("#/components/schemas/{component}")
}

/// Operation ids that are in use.
#[derive(Default)]
pub(super) struct Ids(HashSet<String>);

impl Ids {
    /// The id, with a number behind it if an earlier operation has it already.
    pub(super) fn take(&mut self, id: String) -> String {
        unique(id, &mut self.0)
    }
}

fn unique(base: String, taken: &mut HashSet<String>) -> String {
    let mut name = base.clone();
    let mut count = 1;
    while !taken.insert(name.clone()) {
        count += 1;
        name = format!("{base}{count}");
    }
    name
}

/// The field's name where a component key may hold it (`^[a-zA-Z0-9._-]+$`), else its position.
fn part(index: usize, field: &Field) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !field.name.is_empty() && field.name.bytes().all(plain) {
        field.name.clone()
    } else {
        format!(".{index}")
    }
}

fn pascal(name: &str) -> String {
    let mut pascal = String::with_capacity(name.len());
    let mut upper = true;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            upper = true;
        } else if upper {
            pascal.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            pascal.push(c);
        }
    }
    if pascal.is_empty() {
        "Resource".to_owned()
    } else {
        pascal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, expected) in [
            ("leads", "Leads"),
            ("lead_events", "LeadEvents"),
            ("a-b", "AB"),
            ("2fa", "2fa"),
            ("größe", "GrE"),
            ("ß", "Resource"),
        ] {
            assert_eq!(pascal(name), expected);
        }
        let mut taken = HashSet::new();
        let names: Vec<_> = ["AB", "AB", "AB2", "AB"]
            .map(|n| unique(n.to_owned(), &mut taken))
            .to_vec();
        assert_eq!(names, ["AB", "AB2", "AB22", "AB3"]);
    }
}
