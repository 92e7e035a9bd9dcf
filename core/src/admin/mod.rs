//! The operator's door: what console and commands ask and tell a service, on a Unix socket only.
//!
//! `protocol` is what is said. `desk` answers it, with the handles of a running service or, when there is none,
//! from the project's files and the database alone. `socket` carries it, `client` speaks it.

pub mod batches;
pub mod client;
pub mod desk;
mod field_words;
pub mod health;
mod place;
pub mod protocol;
pub mod route_detail;
mod route_sql;
pub mod socket;
pub mod source;

pub use batches::{Batch, Batches};
pub use client::Client;
pub use desk::{Actor, Desk, Live, Via};
pub use socket::Socket;
pub use source::Source;
