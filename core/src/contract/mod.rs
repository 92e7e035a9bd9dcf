//! The contract of each resource: what the catalog says, narrowed by the overlay.
//!
//! Validator, SQL, `OpenAPI` and docs are all made from here, so they cannot drift apart.

mod check_expr;
mod decimal;
mod default_value;
mod derive;
mod diagnostic;
mod field;
mod load;
mod narrow;
mod overlay;
mod overlay_parse;
mod path;
mod pattern;
mod resource;
mod rule;
mod snapshot;
mod sql_expr;
mod suggest;
mod write;

pub use decimal::Decimal;
pub use diagnostic::Diagnostic;
pub use field::{Field, FieldRules, Format, JsonForm, Metric, Normalize, Shape};
pub use load::{load, read_resource};
pub use resource::{Access, CheckName, Grant, PageLimits, Reference, Resource, Unique, Verb};
pub use rule::{Rule, compile_rule};
pub use snapshot::Snapshot;
pub use suggest::suggest;
pub use write::{NewResource, new_resource};
