//! Puts the parts together: a project, its database and its contracts.

pub mod project;
