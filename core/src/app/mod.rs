//! Puts the parts together: the handles that a running service shares, and how a project comes to be served.

pub mod audited;
pub mod context;
pub mod contracts;
pub mod project;
pub mod rehearse;
pub mod reload;
pub mod sweep;

pub use audited::{Actor, Via, audited};
pub use context::{Context, Limits, Published};
pub use project::{Database, Project};
pub use rehearse::rehearse;
pub use sweep::Sweeper;
