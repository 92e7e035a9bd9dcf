//! The third stage: a checked request becomes a plan, or a clear refusal.
//!
//! Here names meet the contract: every column becomes an index into the resource's fields, and every
//! value text of that column's type. Access is decided here, too.

pub mod call;
pub mod condition;
pub mod cursor;
pub mod page;
pub mod policy;
pub mod read;
pub mod upsert;
pub mod write;

pub use call::Call;
pub use condition::Condition;
pub use cursor::Cursor;
pub use page::{Lists, Page};
pub use policy::Principal;
pub use read::{Order, Output, Read};
pub use upsert::Conflict;
pub use write::{Action, Write};
