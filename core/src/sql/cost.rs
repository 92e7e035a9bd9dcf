//! What is asked of Postgres about a statement before it runs: how large its tables are, and what its planner expects.

use serde_json::Value;

use super::condition::array_literal;
use super::statement::{Builder, Column, Form, Statement};
use crate::catalog::QualifiedName;
use crate::error::{Error, Result};
use crate::plan::cost::Estimate;
use crate::validate::Bind;

/// Rows of a page of a table that was never analyzed.
const DENSITY: &str = "100";
/// Steps that read all of their input before they give a row.
const BLOCKING: &[&str] = &["Sort", "Hash", "Aggregate", "SetOp", "WindowAgg"];

/// Asks how many rows tables have, partitions included; the answer is read by [`rows`].
///
/// As the planner does it: by the density of the last ANALYZE and the size of today, so that a table that has grown since is
/// not taken for a small one.
#[must_use]
pub fn sizes(tables: &[QualifiedName]) -> Statement {
    let names = |of: fn(&QualifiedName) -> &String| {
        let names: Vec<String> = tables.iter().map(|table| of(table).clone()).collect();
        Bind::Text(array_literal(&names))
    };
    let mut sql = Builder::default();
    sql.push("SELECT w.place, (SELECT coalesce(sum(CASE WHEN c.reltuples < 0 OR c.relpages = 0 THEN s.pages * ");
    sql.push(DENSITY);
    sql.push(" ELSE c.reltuples / c.relpages * s.pages END), 0)::int8 FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace CROSS JOIN LATERAL (SELECT r.oid UNION SELECT p.relid::oid FROM pg_partition_tree(r.oid) AS p) AS m(oid) JOIN pg_class AS c ON c.oid = m.oid CROSS JOIN LATERAL (SELECT coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::int8 AS pages) AS s WHERE n.nspname = w.schema AND r.relname = w.name) FROM unnest(");
    sql.bind(names(|table| &table.schema), "::text[]").push(", ");
    sql.bind(names(|table| &table.name), "::text[]");
    sql.push(") WITH ORDINALITY AS w(schema, name, place)");
    sql.finish(vec![column("place", Form::Int8), column("rows", Form::Int8)], false)
}

/// The rows of each table, from the reply to [`sizes`].
///
/// # Errors
/// `internal` for a reply without them.
pub fn rows(reply: &str, tables: &[QualifiedName]) -> Result<Vec<(QualifiedName, u64)>> {
    let read: Value = serde_json::from_str(reply).map_err(Error::internal)?;
    let number = |row: &Value, name: &str| row.get(name).and_then(Value::as_u64);
    let row = |row: &Value| {
        let place = usize::try_from(number(row, "place")?).ok()?;
        Some((tables.get(place.checked_sub(1)?)?.clone(), number(row, "rows")?))
    };
    let rows: Option<Vec<_>> = read.as_array().and_then(|rows| rows.iter().map(row).collect());
    rows.ok_or_else(|| Error::internal("an answer without the sizes of tables"))
}

/// Asks the planner what it expects of a statement; its answer is read by [`estimate`].
#[must_use]
pub fn explain(statement: &Statement) -> Statement {
    let mut sql = Builder::default();
    sql.push("EXPLAIN (FORMAT JSON) ").push(&statement.text);
    sql.binds.clone_from(&statement.binds);
    Statement {
        settings: statement.settings.clone(),
        ..sql.finish(vec![column("plan", Form::Json)], false)
    }
}

/// What the planner expects, from the reply to [`explain`].
///
/// # Errors
/// `internal` for a reply without a plan.
pub fn estimate(reply: &str) -> Result<Estimate> {
    let read: Value = serde_json::from_str(reply).map_err(Error::internal)?;
    let plan = read.pointer("/0/plan/0/Plan");
    let plan = plan.ok_or_else(|| Error::internal("an answer without a plan"))?;
    let number = |name: &str| plan.get(name).and_then(Value::as_f64).unwrap_or_default();
    Ok(Estimate {
        rows: most_rows(plan, 1.0),
        cost: number("Total Cost"),
    })
}

/// The most rows that a step gives, of which a part is asked for: a page of 50 rows reads no more of an index than that,
/// however long the index is.
fn most_rows(step: &Value, part: f64) -> f64 {
    let rows = |step: &Value| step.get("Plan Rows").and_then(Value::as_f64).unwrap_or_default();
    let word = |step: &Value, name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let own = rows(step) * part;
    let kind = word(step, "Node Type");
    let steps = step.get("Plans").and_then(Value::as_array);
    let within = steps.into_iter().flatten().map(|below| {
        let relationship = word(below, "Parent Relationship");
        let part = match relationship.as_str() {
            // Run for themselves, as often as it takes.
            "SubPlan" | "InitPlan" | "Inner" => 1.0,
            _ if kind == "Limit" && rows(below) > 0.0 => part * (rows(step) / rows(below)).min(1.0),
            _ if BLOCKING.contains(&kind.as_str()) && word(step, "Strategy") != "Sorted" => 1.0,
            _ => part,
        };
        most_rows(below, part)
    });
    within.fold(own, f64::max)
}

fn column(label: &str, form: Form) -> Column {
    Column {
        label: label.to_owned(),
        form,
        shown: true,
        key: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_a_part_of_what_is_there() {
        let plan = |text: &str| estimate(&format!(r#"[{{"plan":[{{"Plan":{text}}}]}}]"#)).unwrap().rows;
        for (text, rows) in [
            (r#"{"Node Type":"Seq Scan","Plan Rows":70}"#, 70.0),
            (
                r#"{"Node Type":"Limit","Plan Rows":5,"Plans":[{"Node Type":"Index Scan","Plan Rows":1000}]}"#,
                5.0,
            ),
            (
                r#"{"Node Type":"Limit","Plan Rows":5,"Plans":[{"Node Type":"Sort","Plan Rows":1000,"Plans":[{"Node Type":"Seq Scan","Plan Rows":1000}]}]}"#,
                1000.0,
            ),
            (
                r#"{"Node Type":"Limit","Plan Rows":5,"Plans":[{"Node Type":"Index Scan","Plan Rows":1000,"Plans":[{"Node Type":"Seq Scan","Parent Relationship":"SubPlan","Plan Rows":90}]}]}"#,
                90.0,
            ),
        ] {
            assert!((plan(text) - rows).abs() < 1e-6, "{text}: {}", plan(text));
        }
    }
}
