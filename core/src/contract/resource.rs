//! A resource: one table or view as the API exposes it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Cost, Field, Nearest, Rule};
use crate::catalog::{Index, QualifiedName, RelationKind, Roles};

/// What the path of a search for the nearest rows has behind that of its resource.
pub const NEAREST: &str = "/nearest";

/// The contract of one table or view.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The resource file's name without `.toml`; also the tag in the docs.
    pub name: String,
    /// Where it is served, for example `/api/leads`; no slash at the end.
    pub path: String,
    /// The file it comes from, relative to the project.
    pub file: PathBuf,
    /// The relation behind it.
    pub table: QualifiedName,
    /// Table or view.
    pub kind: RelationKind,
    /// What it is, in the docs.
    pub description: Option<String>,
    /// In column order; hidden columns are not among them.
    pub fields: Vec<Field>,
    /// Index into `fields` by name.
    pub by_name: HashMap<String, usize>,
    /// Indexes of the primary key's fields, in key order; empty for views without one.
    pub key: Vec<usize>,
    /// Unique keys, to name the fields of a conflict.
    pub unique: Vec<Unique>,
    /// Foreign keys out of this table, to name the fields of a conflict.
    pub references: Vec<Reference>,
    /// Valid indexes, to tell which filters they serve.
    pub indexes: Vec<Index>,
    /// CHECK constraints, to name the fields of a refusal.
    pub checks: Vec<CheckName>,
    /// Who may do what; an absent verb does not exist for anybody.
    pub access: Access,
    /// Rules across fields.
    pub rules: Vec<Rule>,
    /// How many rows a list gives.
    pub page: PageLimits,
    /// What a request may cost.
    pub cost: Cost,
    /// How neighbours are looked for; without columns there are no vectors.
    pub nearest: Nearest,
    /// Text search configurations of the database: the languages that filters may name.
    pub languages: Arc<[QualifiedName]>,
    /// Most rows of one create request.
    pub max_batch: u32,
    /// Related rows that functions find.
    pub computed: Vec<Computed>,
    /// The field with the tenant, where rows belong to one.
    pub tenant: Option<usize>,
    /// Whether who asks may decide which rows there are: row-level security, or a view over whatever.
    pub guarded: bool,
    /// The roles of the database.
    pub roles: Arc<Roles>,
}

impl Resource {
    /// The field of that name, with its index.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(usize, &Field)> {
        let index = *self.by_name.get(name)?;
        Some((index, self.fields.get(index)?))
    }

    /// The fields of the key as the table has it: the tenant's before those by which its rows are addressed.
    #[must_use]
    pub fn stored_key(&self) -> Vec<usize> {
        self.tenant.into_iter().chain(self.key.iter().copied()).collect()
    }

    /// Whether its rows are those that a function gives.
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.table.schema.is_empty()
    }

    /// The key's fields as names of path parameters, in key order: those that a template cannot hold are numbered.
    #[must_use]
    pub fn key_names(&self) -> Vec<(usize, String)> {
        let plain = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        let names = self.key.iter().enumerate().filter_map(|(position, index)| {
            let name = &self.fields.get(*index)?.name;
            Some((
                *index,
                if plain(name) {
                    name.clone()
                } else {
                    format!("key{}", position + 1)
                },
            ))
        });
        names.collect()
    }

    /// The path of the search for the nearest rows; none without vectors, or where rows may not be read.
    #[must_use]
    pub fn nearest_path(&self) -> Option<String> {
        let offered = !self.nearest.columns.is_empty() && self.access.read.is_some();
        offered.then(|| format!("{}{NEAREST}", self.path))
    }

    /// The path of an item, such as `/api/leads/{id}`; none without a key.
    #[must_use]
    pub fn item_path(&self) -> Option<String> {
        let key: Vec<String> = self.key_names().iter().map(|(_, name)| format!("{{{name}}}")).collect();
        (!key.is_empty()).then(|| format!("{}/{}", self.path, key.join(",")))
    }
}

/// Related rows that a function finds, which takes a row of the resource's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// The function; its name without the schema is that of the relation.
    pub function: QualifiedName,
    /// The table or view whose rows it gives.
    pub returns: QualifiedName,
    /// Whether there may be several.
    pub many: bool,
}

/// What can be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the four verbs of an overlay's [access]")]
pub enum Verb {
    Read,
    Create,
    Update,
    Delete,
}

/// Grants per verb. `None`: the verb is not offered.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "one per verb")]
pub struct Access {
    pub read: Option<Vec<Grant>>,
    pub create: Option<Vec<Grant>>,
    pub update: Option<Vec<Grant>>,
    pub delete: Option<Vec<Grant>>,
}

impl Access {
    /// The grants of a verb.
    #[must_use]
    pub fn of(&self, verb: Verb) -> Option<&[Grant]> {
        match verb {
            Verb::Read => self.read.as_deref(),
            Verb::Create => self.create.as_deref(),
            Verb::Update => self.update.as_deref(),
            Verb::Delete => self.delete.as_deref(),
        }
    }
}

/// One entry of an access list; any one that holds lets the principal in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Everybody, without credentials.
    Public,
    /// Anybody with valid credentials: `authenticated`.
    Authenticated,
    /// `scope:NAME`.
    Scope(String),
    /// `role:NAME`.
    Role(String),
}

/// Row counts of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    /// Without `limit`.
    pub default: u32,
    /// At most, whatever is asked.
    pub max: u32,
    /// At most of a streamed reply, which has all of them unless fewer are asked for. It is never cut off there without a word.
    pub max_stream: u32,
    /// Most bytes of a reply that is gathered in memory; none: what the settings say.
    pub max_bytes: Option<u64>,
    /// Most groups of a list with aggregates; none: no aggregates.
    pub max_groups: Option<u32>,
}

/// A unique key.
#[derive(Debug, Clone)]
pub struct Unique {
    /// The constraint's name.
    pub constraint: String,
    /// Indexes into `fields`; empty when it covers hidden columns or expressions.
    pub fields: Vec<usize>,
    /// Whether it is the primary key.
    pub primary: bool,
}

/// A reference to another table.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The constraint's name.
    pub constraint: String,
    /// Indexes into `fields`.
    pub fields: Vec<usize>,
    /// The table referred to.
    pub target: QualifiedName,
    /// Columns referred to.
    pub target_columns: Vec<String>,
}

/// The name of a CHECK constraint with the fields that it reads.
#[derive(Debug, Clone)]
pub struct CheckName {
    /// The constraint's name.
    pub constraint: String,
    /// Indexes into `fields`.
    pub fields: Vec<usize>,
}
