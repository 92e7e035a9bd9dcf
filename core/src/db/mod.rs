//! Postgres: the embedded cluster, connections, lanes, and the bytes on the wire.

pub mod cluster;
pub mod connect;
mod connection;
pub mod csv;
pub mod dump;
pub mod edges;
pub mod error;
mod fit;
pub mod inspect;
pub mod introspect;
pub mod lane;
pub mod once;
pub mod migrate;
pub mod pool;
pub mod schema;
pub mod scratch;
mod statements;
pub mod store;
pub mod stream;
pub mod transaction;
pub mod wire;
mod wire_record;
mod wire_time;
