//! The first stage: a query string, headers and a body become an intent, or a clear 400.
//!
//! Nothing here knows the contract: columns are still the client's words, checked by `plan`.

pub mod arguments;
pub mod accept;
pub mod cast;
pub mod column;
pub mod filter;
pub mod filter_parse;
pub mod intent;
pub mod json;
pub mod names;
pub mod nearest;
pub mod once;
mod operator_parse;
pub mod order;
pub mod page;
mod parameter;
pub mod precondition;
pub mod prefer;
pub mod query;
mod reader;
pub mod select;
pub mod select_parse;
pub mod sql_route;
pub mod tsquery;

#[cfg(test)]
mod tests;

pub use accept::Accept;
pub use cast::Cast;
pub use column::{ColumnRef, Key, Step};
pub use filter::{Comparison, Filter, Is, Operand, Operator, Pattern, Quantifier, Relation, Search, Test};
pub use intent::{Part, Query, Target};
pub use nearest::NearestTerm;
pub use operator_parse::OPERATORS;
pub use order::{Nulls, OrderTerm};
pub use page::Page;
pub use precondition::Preconditions;
pub use prefer::{Count, Missing, Prefer, Purpose, Resolution, Return, TransactionEnd};
pub use select::{Aggregate, SelectItem};
