//! What Postgres says of tables, columns, types, keys and checks. Pure data, read by `db/introspect.rs`.

mod pg_type;
mod relation;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use pg_type::{DomainRule, Kind, PgType};
pub use relation::{Check, Column, ForeignKey, Identity, Relation, RelationKind, UniqueKey};

/// A name with its schema, as stored in the catalog (unquoted, exact case).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedName {
    /// The schema, for example `public`.
    pub schema: String,
    /// The name within the schema.
    pub name: String,
}

impl QualifiedName {
    /// A name in a schema.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// All relations that the login role can see, outside of Postgres's own schemas.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// By name, in name order.
    pub relations: BTreeMap<QualifiedName, Relation>,
    /// Text search configurations; of two with one name the first is meant.
    pub languages: Arc<[QualifiedName]>,
}
