//! What is wrong, worst first, and what to do about it.

use serde::{Deserialize, Serialize};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A word, such as `database`, `migrations`, `disk`.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence: what is so.
    pub summary: String,
    /// Figures, names, messages that show it; may be empty.
    pub evidence: String,
    /// What to do, if something is wrong.
    pub next_step: Option<String>,
    /// The command that does it, or shows more.
    pub command: Option<String>,
}

/// How bad something is; the worst comes first in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Requests fail, or data is in danger.
    Critical,
    /// It will go wrong if nobody acts.
    Warning,
    /// It could not be found out.
    Unknown,
    /// Worth knowing.
    Notice,
    /// All is well.
    Ok,
}
