//! A rule across fields, in CEL as Kubernetes writes them: `self` is the row.

use std::sync::{Arc, OnceLock};

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
    /// What it gives on a new row whose body names none of `fields`: kept, broken, or `None` when only
    /// the stored row can tell. The same for every such body, so the validator works it out once;
    /// starts empty.
    pub unset: OnceLock<Option<bool>>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule")
            .field("expr", &self.expr)
            .field("loc", &self.loc)
            .finish_non_exhaustive()
    }
}
