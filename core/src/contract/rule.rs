//! A rule across fields, in CEL as Kubernetes writes them: `self` is the row.

use std::sync::Arc;

/// A compiled rule. A row keeps it when the expression is true.
#[derive(Clone)]
pub struct Rule {
    /// The expression's text.
    pub expr: String,
    /// The field that a violation is reported at.
    pub loc: Option<String>,
    /// What a violation says.
    pub msg: String,
    /// Fields of `self` that the expression reads.
    pub fields: Vec<String>,
    /// Compiled once per snapshot.
    pub program: Arc<cel::Program>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule")
            .field("expr", &self.expr)
            .field("loc", &self.loc)
            .finish_non_exhaustive()
    }
}
