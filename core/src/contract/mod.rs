//! The contract of each resource and function: what the catalog says, narrowed by the overlay.
//!
//! Validator, SQL, `OpenAPI` and docs are all made from here, so they cannot drift apart.

mod check_expr;
mod computed;
mod cost;
mod decimal;
mod default_value;
mod derive;
mod derive_function;
mod field;
mod function;
mod load;
mod narrow;
mod nearest;
mod overlay;
mod overlay_cost;
mod overlay_parse;
mod path;
mod pattern;
mod policy;
mod relationship;
mod resource;
mod route;
mod rule;
mod rule_compile;
mod snapshot;
mod source;
mod tenant;
mod tenant_migration;
mod sql_expr;
mod sql_route;
mod write;

pub use cost::Cost;
pub use decimal::Decimal;
pub use derive::NO_TABLE;
pub use derive_function::NO_FUNCTION;
pub use field::{Field, FieldRules, Format, JsonForm, Metric, Normalize, Shape};
pub use function::{CALLED, Function, Outcome, Overload, Whole};
pub use load::{load, read_function, read_resource};
pub use nearest::{EF_SEARCH_MOST, Nearest, NearestColumn, NearestIndex};
pub use policy::{Compared, compared};
pub use relationship::{Join, Leg, Relationship};
pub use resource::{Access, CheckName, Computed, Grant, NEAREST, PageLimits, Reference, Resource, Unique, Verb};
pub use route::{Owner, Route, methods};
pub use rule::Rule;
pub use rule_compile::{RULE_ENV, compile_rule};
pub use snapshot::{Contracts, Snapshot};
pub use sql_route::{
    Column, Described, Draft, Output, Parameter, Place, ROUTED, Ready, Returns, SqlRoute, Step, Template, Undescribed,
    clashes, read_draft, sql_drafts, sql_route,
};
pub use tenant::{ident, quoted, unsecured};
pub use tenant_migration::{TenantMigration, TenantWanted, tenant_migration};
pub use write::{NewResource, new_resource};
