//! The third stage: a checked request becomes a plan, or a clear refusal.
//!
//! Here names meet the contract: every column becomes an index into the resource's fields, and every
//! value text of that column's type. Access is decided here, too.

pub mod condition;
pub mod embed;
pub mod policy;
pub mod read;
pub mod relation;
pub mod write;

pub use condition::Condition;
pub use embed::Embed;
pub use policy::Principal;
pub use read::{Order, Output, Read};
pub use relation::View;
pub use write::{Action, Write};

/// A client's word, short enough to repeat in a message.
fn clip(name: &str) -> String {
    name.chars().take(64).collect()
}
