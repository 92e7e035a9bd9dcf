//! `windlass doctor`: what an expert would look at before going home, each with what mends it.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::app::Project;
use windlass_core::db::inspect::{Outcome, Proof};
use windlass_core::doctor::{Finding, Severity, examine};
use windlass_core::error::{Code, Error, Result};

use super::with_database;
use crate::report;

/// Examines the project in `directory`; `tenants` are two to try with.
pub async fn run(directory: &Path, tenants: &[String], json: bool) -> Result<ExitCode> {
    match tenants {
        [] => {}
        [a, b] if a != b => {}
        _ => {
            return Err(Error::new(
                Code::Usage,
                "two tenants are needed, one to ask and one to be asked for",
            )
            .with_hint("Name two that have rows: `windlass doctor --tenant A --tenant B`."));
        }
    }
    let project = Project::open(directory)?;
    let found = with_database(&project, async |database| examine(&project, database, tenants).await).await?;
    if json {
        report::json(&found);
    } else {
        found.findings.iter().for_each(print);
        found.proofs.iter().for_each(proof);
    }
    let critical = found
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Critical);
    let critical = critical.count();
    match found.findings.len() {
        0 => {
            report::note("no findings");
            return Ok(ExitCode::SUCCESS);
        }
        1 => report::note(format_args!("1 finding, {critical} critical")),
        n => report::note(format_args!("{n} findings, {critical} critical")),
    }
    Ok(ExitCode::FAILURE)
}

fn print(finding: &Finding) {
    let severity = match finding.severity {
        Severity::Critical => "CRITICAL",
        Severity::Warning => "WARNING ",
    };
    report::line(format_args!("{severity}  {}: {}", finding.place, finding.what));
    for line in finding.mend.lines() {
        report::line(format_args!("          {line}"));
    }
}

/// What was tried between tenants, and what that proves. What reached something is a finding already.
fn proof(proof: &Proof) {
    let verbs = |wanted: &dyn Fn(&Outcome) -> bool| -> Vec<&str> {
        let tried = proof.attempts.iter().filter(|attempt| wanted(&attempt.outcome));
        tried.map(|attempt| attempt.verb.as_str()).collect()
    };
    let mut resource = proof.resource.clone();
    if let Some(role) = &proof.role {
        resource.push_str(&format!(" in the role {role}"));
    }
    match (&proof.tenants, &proof.unproved) {
        (_, Some(why)) => report::line(format_args!("unproved  tenants of {resource}: {why}")),
        (Some((a, b)), None) => report::line(format_args!(
            "tried     tenants of {resource}: as {a}, nothing of {b} is reached by {}",
            verbs(&|outcome| *outcome == Outcome::Nothing).join(", ")
        )),
        (None, None) => {}
    }
    for attempt in &proof.attempts {
        if let Outcome::Untried(why) = &attempt.outcome {
            report::line(format_args!("unproved  {} of {resource}: {why}", attempt.verb));
        }
    }
}
