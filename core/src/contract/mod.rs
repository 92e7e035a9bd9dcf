//! The contract of each resource: what the catalog says, narrowed by the overlay.
//!
//! Validator, SQL, `OpenAPI` and docs are all made from here, so they cannot drift apart.

mod decimal;
mod field;
mod resource;
mod rule;
mod snapshot;

pub use decimal::Decimal;
pub use field::{Field, FieldRules, Format, JsonForm, Metric, Normalize, Shape};
pub use resource::{Access, CheckName, Grant, PageLimits, Reference, Resource, Unique, Verb};
pub use rule::Rule;
pub use snapshot::Snapshot;
