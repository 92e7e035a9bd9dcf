//! The `OpenAPI` 3.1 document of a snapshot, and what changed between two such documents.
//!
//! [`document`] draws everything from the contracts: paths and verbs from the grants, schemas from the fields'
//! types and rules, error replies from the catalogue of codes. Examples are checked against the very schemas
//! and rules that they illustrate before they are shown.

mod diff;
mod diff_bounds;
mod diff_schema;
mod document;
mod examples;
mod functions;
mod names;
mod nearest;
mod parameters;
mod paths;
mod problems;
mod put;
mod queries;
mod samples;
mod schemas;
mod security;
mod sql_routes;
mod values;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod diff_tests;

pub use diff::{Change, diff};
pub use document::document;
