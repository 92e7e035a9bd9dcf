//! The third stage: a checked request becomes a plan, or a clear refusal.
//!
//! Here names meet the contract: every column becomes an index into the resource's fields, and every
//! value text of that column's type. Access is decided here, too.

pub mod condition;
pub mod operators;
pub mod output;
pub mod policy;
pub mod read;
pub mod subject;
pub mod write;

pub use condition::Condition;
pub use output::{Output, Value};
pub use policy::Principal;
pub use read::{Order, Read};
pub use subject::Subject;
pub use write::{Action, Write};
