//! The settings in force, and where each comes from.

use serde::{Deserialize, Serialize};

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Such as `http.listen`.
    pub key: String,
    /// Its value as text; secrets are masked, and an absent one is empty.
    pub value: String,
    /// Where the value comes from.
    pub source: Source,
    /// Its environment variable.
    pub variable: String,
    /// What it is for.
    pub description: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Source {
    /// Nothing sets it.
    Default,
    /// The project's file.
    File {
        /// The file, relative to the project.
        file: String,
        /// Counted from 1.
        line: usize,
    },
    /// The environment.
    Environment,
}
