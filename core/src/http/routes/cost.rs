//! The guard that keeps costly requests from the database, as the settings of the resource have it.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;

use crate::app::Context;
use crate::catalog::QualifiedName;
use crate::config::{CostRules, Stance};
use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::plan::Principal;
use crate::plan::cost::{self, Asked};
use crate::sql::{self, Statement};
use crate::telemetry::stages::Stopwatch;

/// Lets a request on a collection pass, tells of it in the log, or refuses it. Nothing is asked of the database unless an
/// index seems to be missing, or a bound is set.
pub(super) async fn guard(
    context: &Arc<Context>,
    watch: &mut Stopwatch,
    principal: &Principal,
    asked: Asked<'_>,
    statements: &[Statement],
) -> Result<()> {
    let resource = asked.resource;
    // Whose rows are reached through another resource are kept by their own rules all the same.
    let rules: Vec<(&Arc<Resource>, CostRules)> = cost::resources(asked)
        .into_iter()
        .map(|one| (one, one.cost.of(principal.role(), context.limits.cost)))
        .collect();
    let unindexed = rules.iter().map(|(_, rules)| rules.unindexed()).max();
    let unindexed = unindexed.unwrap_or(Stance::Off);
    if unindexed != Stance::Off && !cost::unserved(asked, &BTreeSet::new()).is_empty() {
        // Contracts are read at the start, and tables grow: their sizes are those of now.
        let tables = cost::tables(asked);
        let reply = ask(context, watch, resource, sql::cost::sizes(&tables)).await?;
        let small: BTreeSet<QualifiedName> = sql::cost::rows(&reply, &tables)?
            .into_iter()
            .filter(|(_, rows)| *rows < cost::SMALL)
            .map(|(table, _)| table)
            .collect();
        let found = cost::unserved(asked, &small);
        if !found.is_empty() {
            react(context, resource, unindexed, cost::unindexed(resource, &found))?;
        }
    }
    let bounded: Vec<_> = rules.iter().filter(|(_, rules)| rules.over() != Stance::Off).collect();
    if !bounded.is_empty() {
        for statement in statements {
            let reply = ask(context, watch, resource, sql::cost::explain(statement)).await?;
            let estimate = sql::cost::estimate(&reply)?;
            for (whose, rules) in &bounded {
                if let Some(error) = cost::over(rules, estimate) {
                    react(context, whose, rules.over(), error)?;
                }
            }
        }
    }
    Ok(())
}

/// The rows of a reply as a JSON array.
async fn ask(
    context: &Arc<Context>,
    watch: &mut Stopwatch,
    resource: &Arc<Resource>,
    statement: Statement,
) -> Result<String> {
    let (context, resource) = (Arc::clone(context), Arc::clone(resource));
    // In a task of its own: a client who hangs up leaves no lane in the middle of an answer.
    let task = tokio::spawn(async move { context.lanes.list(&statement, &resource, u64::MAX, pending()).await });
    let reply = task.await.map_err(Error::internal)?;
    if matches!(&reply, Err(error) if error.code() == Code::PoolTimeout) {
        watch.waited_in_vain();
    }
    Ok(reply?.array())
}

fn react(context: &Context, resource: &Resource, stance: Stance, error: Error) -> Result<()> {
    if stance == Stance::Refuse {
        return Err(error);
    }
    if let Some(times) = context.telemetry.notice(&resource.name, error.code().as_str()) {
        tracing::warn!(
            resource = resource.name,
            code = %error.code(),
            times,
            details = error.details(),
            "a costly request was answered"
        );
    }
    Ok(())
}
