//! The stages between a request and its statement, to be fed with anything.
//!
//! They are pure, so they are compiled here from their own files, without server, pool and database: a target is built in
//! a minute, and whatever one of them came to need of the outside would not compile.

#[path = "../../src/diagnostic.rs"]
pub mod diagnostic;
#[path = "../../src/error.rs"]
pub mod error;
#[path = "../../src/suggest.rs"]
pub mod suggest;

pub mod config;
#[path = "../../src/catalog/mod.rs"]
pub mod catalog;
#[path = "../../src/contract/mod.rs"]
pub mod contract;
#[path = "../../src/request/mod.rs"]
pub mod request;
#[path = "../../src/validate/mod.rs"]
pub mod validate;
#[path = "../../src/plan/mod.rs"]
pub mod plan;
#[path = "../../src/sql/mod.rs"]
pub mod sql;

pub mod blank;
pub mod contracts;
pub mod stages;
pub mod words;
