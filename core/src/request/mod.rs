//! The first stage: a query string, headers and a body become an intent, or a clear 400.
//!
//! Nothing here knows the contract: columns are still the client's words, checked by `plan`.

pub mod arguments;
pub mod filter;
pub mod filter_parse;
pub mod intent;
pub mod json;
pub mod names;
pub mod once;
pub mod order;
pub mod page;
pub mod precondition;
pub mod prefer;
pub mod query;
pub mod select;

pub use filter::{Comparison, Filter, Is, Operator, Test};
pub use intent::{Query, Target};
pub use order::{Nulls, OrderTerm};
pub use page::Page;
pub use precondition::Preconditions;
pub use prefer::{Missing, Prefer, Resolution, Return, TransactionEnd};
pub use select::SelectItem;
