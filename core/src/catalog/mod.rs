//! What Postgres says of tables, columns, types, keys, checks and functions. Pure data, read by `db/introspect.rs`.

mod function;
mod index;
mod pg_type;
mod relation;
mod security;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use function::{Argument, Function, Returned};
pub use index::{Index, IndexKey};
pub use pg_type::{DomainRule, Kind, PgType};
pub use relation::{Check, Column, ForeignKey, Identity, Relation, RelationKind, UniqueKey, VectorIndex, VectorMethod};
pub use security::{Command, Policy, Role, Roles, RowSecurity};

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

/// All relations and functions that the login role can see, outside of Postgres's own schemas.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// By name, in name order.
    pub relations: BTreeMap<QualifiedName, Relation>,
    /// pgvector's major and minor version, where the extension is there.
    pub pgvector: Option<(u32, u32)>,
    /// By name, in name order; of one name by their signatures. Those of extensions are not among them.
    pub functions: BTreeMap<QualifiedName, Vec<Function>>,
    /// Text search configurations; of two with one name the first is meant.
    pub languages: Arc<[QualifiedName]>,
    /// The roles of the cluster, and which of them the login role may take on.
    pub roles: Arc<Roles>,
}
