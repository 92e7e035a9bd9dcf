//! Row-level security, and the roles that it is about.

use std::collections::BTreeMap;

/// What row-level security does for a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSecurity {
    /// Whether policies are asked at all.
    pub enabled: bool,
    /// Whether the table's owner is bound by them, too.
    pub forced: bool,
    /// Those that are about the login role, or about a role that it may take on.
    pub policies: Vec<Policy>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub command: Command,
    /// Whether it lets rows in, as one of several; otherwise it must hold beside them.
    pub permissive: bool,
    /// Which rows are there, as `pg_get_expr` spells it.
    pub using: Option<String>,
    /// Which rows may be written; none: those that are there.
    pub check: Option<String>,
}

/// What a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the statements")]
pub enum Command {
    All,
    Select,
    Insert,
    Update,
    Delete,
}

/// The roles of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    /// By name; those that are nobody's business but Postgres's are left out.
    pub by_name: BTreeMap<String, Role>,
    /// Whether the login role is bound by no policy: a superuser, or one with `BYPASSRLS`.
    pub unbound: bool,
}

/// What the login role may do with another role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Take it on for a transaction.
    Assumable,
    /// Nothing: it is no member of it, or it is one whom no policy binds.
    Closed,
}
