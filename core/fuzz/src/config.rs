//! Of the settings, what contracts hold.

#[path = "../../src/config/cost.rs"]
mod cost;

pub use cost::{CostRules, Stance};
