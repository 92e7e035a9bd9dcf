//! What the service tells of itself.

pub mod logs;
pub mod metrics;
pub mod observation;
pub mod traffic;
