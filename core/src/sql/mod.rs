//! The fourth stage: a plan becomes a statement, text and binds. Names come from the contract and are
//! quoted; values are always bound.

pub mod call;
mod condition;
pub mod cost;
mod embed;
mod keyset;
mod nearest;
mod order;
mod output;
pub mod read;
pub mod session;
pub mod sql_route;
pub mod statement;
pub mod write;

pub use statement::{Column, Form, Paged, Rows, Statement, Tag};
