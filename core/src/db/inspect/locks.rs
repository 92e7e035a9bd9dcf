//! Who waits for whom.

use std::collections::{BTreeMap, VecDeque};

use tokio_postgres::{Client, Row};

use super::{LockNode, count, failed, get, moment, shown, since};
use crate::error::Result;

/// A session that waits or is waited for.
#[derive(Debug, Clone)]
struct Knot {
    node: LockNode,
    /// Those it waits for; empty if it does not wait.
    blockers: Vec<i32>,
    /// How long it has waited, in milliseconds.
    waited: u64,
}

/// The sessions of this database that wait for a lock and those that hold them up, as a tree: who waits for nobody
/// first, then whom it holds up, each once. In a circle (which Postgres breaks after `deadlock_timeout`) one comes first.
///
/// # Errors
/// What the database says.
pub async fn locks(client: &Client) -> Result<Vec<LockNode>> {
    // pg_locks shows every role who waits, pg_stat_activity does not.
    let query = format!(
        "with waiting as materialized (
            select l.pid, l.mode, l.locktype, l.database, l.relation, l.transactionid, l.waitstart, pg_blocking_pids(l.pid) as by
            from pg_locks l
            where not l.granted
              and l.pid in (select pid from pg_stat_activity where datname = current_database())),
         seen as (select pid from waiting union select unnest(by) from waiting)
         select s.pid, coalesce({started}, ''), {waits},
                {transaction}, coalesce(a.state, 'unknown'),
                coalesce(left(a.query, 2001), case when s.pid = 0 then 'a prepared transaction: see pg_prepared_xacts' end, ''),
                coalesce(w.by, '{{}}'::int4[]), {waited}, coalesce({statement_started}, '')
         from seen s
         left join waiting w on w.pid = s.pid
         left join pg_stat_activity a on a.pid = s.pid
         order by s.pid",
        started = moment("a.backend_start"),
        statement_started = moment("a.query_start"),
        waits = WAITS,
        transaction = since("a.xact_start"),
        waited = since("w.waitstart"),
    );
    let rows = client.query_typed(&query, &[]).await.map_err(failed)?;
    let knots: Vec<Knot> = rows.iter().map(knot).collect::<Result<_>>()?;
    Ok(tree(knots))
}

/// What a session waits for. One that waits for a row holds the right to be the next on it: that names the table.
const WAITS: &str = "case when w.pid is not null then w.mode || case
        when w.locktype in ('relation', 'extend', 'page', 'tuple') then
            case w.locktype when 'relation' then ' on ' when 'extend' then ' to extend ' else ' on a row of ' end
            || coalesce((select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                  where c.oid = w.relation
                    and w.database in (0, (select oid from pg_database where datname = current_database()))),
                  'relation ' || w.relation)
        when w.locktype = 'transactionid' then ' on transaction ' || w.transactionid
            || coalesce((select ' for a row of ' || n.nspname || '.' || c.relname
                  from pg_locks h join pg_class c on c.oid = h.relation join pg_namespace n on n.oid = c.relnamespace
                  where h.pid = w.pid and h.granted and h.locktype = 'tuple' limit 1), '')
        when w.locktype = 'virtualxid' then ' on a transaction'
        when w.locktype = 'advisory' then ' on an advisory lock'
        else ' on ' || w.locktype end end";

fn knot(row: &Row) -> Result<Knot> {
    Ok(Knot {
        node: LockNode {
            depth: 0,
            pid: get(row, 0)?,
            started: get(row, 1)?,
            statement_started: get(row, 8)?,
            waits_for: get(row, 2)?,
            transaction_ms: count(row, 3)?,
            state: get(row, 4)?,
            statement: shown(get(row, 5)?),
        },
        blockers: get(row, 6)?,
        waited: count(row, 7)?,
    })
}

/// Puts each session below one that it waits for, as near to the root as can be: of twenty that queue for one row each
/// waits for all before it, which would make twenty levels.
fn tree(knots: Vec<Knot>) -> Vec<LockNode> {
    let mut by_pid: BTreeMap<i32, Knot> = BTreeMap::new();
    for knot in knots {
        // Helpers of one query wait under their own number, but a session may come up twice between two looks.
        by_pid.entry(knot.node.pid).or_insert(knot);
    }
    let mut order: Vec<i32> = by_pid.keys().copied().collect();
    // Those who wait longest, or hold longest, first.
    order.sort_by_key(|pid| {
        let knot = by_pid.get(pid);
        std::cmp::Reverse(knot.map(|knot| (knot.waited, knot.node.transaction_ms)))
    });
    let blockers = |pid: i32| by_pid.get(&pid).map_or(&[][..], |knot| &knot.blockers);
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let mut placed: Vec<i32> = Vec::new();
    let mut roots = Vec::new();
    let free = order.iter().copied().filter(|pid| blockers(*pid).is_empty());
    let circles = order.iter().copied().filter(|pid| !blockers(*pid).is_empty());
    let mut next: VecDeque<i32> = VecDeque::new();
    // All free roots at once, so that the nearest parent is found; then what only hangs on circles.
    let free: Vec<i32> = free.collect();
    for start in std::iter::once(free).chain(circles.map(|pid| vec![pid])) {
        for root in start {
            if !placed.contains(&root) {
                placed.push(root);
                roots.push(root);
                next.push_back(root);
            }
        }
        while let Some(parent) = next.pop_front() {
            for child in &order {
                if blockers(*child).contains(&parent) && !placed.contains(child) {
                    placed.push(*child);
                    children.entry(parent).or_default().push(*child);
                    next.push_back(*child);
                }
            }
        }
    }
    let mut nodes = Vec::with_capacity(order.len());
    let mut stack: Vec<(i32, u16)> = roots.iter().rev().map(|root| (*root, 0)).collect();
    while let Some((pid, depth)) = stack.pop() {
        if let Some(knot) = by_pid.get(&pid) {
            nodes.push(LockNode {
                depth,
                ..knot.node.clone()
            });
        }
        let below = children.get(&pid).map_or(&[][..], Vec::as_slice);
        stack.extend(below.iter().rev().map(|child| (*child, depth.saturating_add(1))));
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pid: i32, blockers: &[i32], waited: u64) -> Knot {
        Knot {
            node: LockNode {
                depth: 0,
                pid,
                started: String::new(),
                statement_started: String::new(),
                waits_for: (!blockers.is_empty()).then(String::new),
                transaction_ms: 0,
                state: String::new(),
                statement: String::new(),
            },
            blockers: blockers.to_vec(),
            waited,
        }
    }

    #[test]
    fn each_session_stands_once_below_who_holds_it_up() {
        type Case<'a> = (&'a str, Vec<Knot>, &'a [(i32, u16)]);
        let cases: Vec<Case<'_>> = vec![
            ("nobody", vec![], &[]),
            ("one waits", vec![of(1, &[], 0), of(2, &[1], 5)], &[(1, 0), (2, 1)]),
            (
                "a queue for one row",
                vec![of(1, &[], 0), of(2, &[1], 9), of(3, &[1, 2], 8), of(4, &[1, 2, 3], 7)],
                &[(1, 0), (2, 1), (3, 1), (4, 1)],
            ),
            (
                "reads behind a migration behind a report",
                vec![of(1, &[], 0), of(2, &[1], 9), of(3, &[2], 8), of(4, &[2], 8)],
                &[(1, 0), (2, 1), (3, 2), (4, 2)],
            ),
            (
                "two roots",
                vec![of(1, &[], 0), of(2, &[], 0), of(3, &[2], 1), of(4, &[1, 2], 2)],
                &[(1, 0), (4, 1), (2, 0), (3, 1)],
            ),
            (
                "a circle with a tail",
                vec![of(1, &[2], 9), of(2, &[1], 5), of(3, &[2], 1)],
                &[(1, 0), (2, 1), (3, 2)],
            ),
            ("who waits for itself", vec![of(1, &[1], 9)], &[(1, 0)]),
            ("a blocker that is gone", vec![of(1, &[7], 9)], &[(1, 0)]),
        ];
        for (name, knots, expected) in cases {
            let found: Vec<(i32, u16)> = tree(knots).iter().map(|node| (node.pid, node.depth)).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}
