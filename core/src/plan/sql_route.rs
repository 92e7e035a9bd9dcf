//! Plans of SQL routes: who may run one, and with which values.

use std::sync::Arc;

use super::policy::{self, Principal};
use crate::contract::{SqlRoute, Verb};
use crate::error::Result;
use crate::validate::Bind;

/// A SQL route with its values.
#[derive(Debug, Clone)]
pub struct Run {
    /// The route.
    pub route: Arc<SqlRoute>,
    /// Of each of its parameters.
    pub values: Vec<Bind>,
}

/// Lets a principal run a route, or says why not.
///
/// # Errors
/// As [`policy::allow`].
pub fn allow(route: &SqlRoute, principal: &Principal) -> Result<()> {
    policy::allow(&route.rows, Verb::Read, principal)
}

/// Plans a run of a route.
#[must_use]
pub fn plan(route: &Arc<SqlRoute>, values: Vec<Bind>) -> Run {
    Run {
        route: Arc::clone(route),
        values,
    }
}
