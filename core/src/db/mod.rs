//! Everything that talks to `PostgreSQL`.

pub mod cluster;
pub mod connect;
pub mod migrate;
pub mod pool;
pub mod schema;
pub mod store;
