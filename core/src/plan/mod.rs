//! The third stage: a checked request becomes a plan, or a clear refusal.
//!
//! Here names meet the contract: every column becomes an index into the resource's fields, and every
//! value text of that column's type. Access is decided here, too.

pub mod call;
pub mod condition;
pub mod cost;
pub mod cursor;
pub mod embed;
pub mod nearest;
pub mod operators;
pub mod order;
pub mod output;
pub mod page;
pub mod policy;
pub mod principal;
mod put;
pub mod read;
pub mod related;
pub mod relation;
mod served;
pub mod sql_route;
pub mod subject;
pub mod tenant;
pub mod upsert;
pub mod write;

pub use call::Call;
pub use condition::Condition;
pub use cursor::Cursor;
pub use embed::Embed;
pub use order::{By, Order};
pub use output::{Output, Value};
pub use page::{Lists, Page};
pub use principal::{Identity, Principal};
pub use read::Read;
pub use related::Reach;
pub use relation::View;
pub use sql_route::Run;
pub use subject::Subject;
pub use upsert::Conflict;
pub use write::{Action, Write};

/// A client's word, short enough to repeat in a message.
fn clip(name: &str) -> String {
    name.chars().take(64).collect()
}
