//! Counts that the planner reckons: `count=planned`, and `count=estimated` beyond what is counted one by one.

use crate::app::Context;
use crate::error::Result;
use crate::plan::{Page, Principal, Read};
use crate::request::Count;
use crate::sql::{self, Statement};

/// What asks the planner; none where no count may be reckoned.
pub(super) fn statement(read: &Read, principal: &Principal) -> Result<Option<Statement>> {
    match read.count {
        Some(Count::Planned | Count::Estimated) => {
            let mut planned = sql::read::planned(read)?;
            sql::session::enter(&mut planned, &read.resource, principal);
            Ok(Some(planned))
        }
        Some(Count::Exact) | None => Ok(None),
    }
}

/// Whether the planner is to be asked, after so many were counted.
pub(super) fn needed(read: &Read, counted: Option<u64>) -> bool {
    let most = u64::from(read.resource.page.max);
    read.count == Some(Count::Planned) || counted.is_some_and(|counted| counted > most)
}

/// The rows that the planner reckons with.
pub(super) async fn ask(context: &Context, read: &Read, statement: Statement) -> Result<u64> {
    let reply = context
        .lanes
        .list(&statement, &read.resource, u64::MAX, std::future::pending())
        .await?;
    sql::read::planned_rows(&reply.json)
}

/// A reckoned total is never less than what is known to be there.
pub(super) fn at_least(read: &Read, rows: u64, counted: Option<u64>, reckoned: u64) -> u64 {
    let shown = match read.page {
        Page::Offset(offset) if rows > 0 => offset.saturating_add(rows),
        _ => rows,
    };
    reckoned.max(shown).max(counted.unwrap_or(0))
}
