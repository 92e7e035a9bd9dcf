//! `windlass health`: how service and database are.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::admin::protocol::{Answer, Ask, ServiceState, Severity, Status};
use windlass_core::error::Result;

use super::{ask, unexpected};
use crate::{figures, report};

/// Prints it, worst first.
pub async fn run(directory: &Path, json: bool) -> Result<ExitCode> {
    let Answer::Status(status) = ask(directory, Ask::Status).await? else {
        return Err(unexpected());
    };
    if json {
        report::json(&status);
    } else {
        print(&status);
    }
    let critical = status.checks.iter().any(|check| check.severity == Severity::Critical);
    Ok(if critical || status.service == ServiceState::Down {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn print(status: &Status) {
    let service = match status.service {
        ServiceState::Running => "running",
        ServiceState::Stopping => "stopping",
        ServiceState::Down => "down",
    };
    let mut line = format!("service   {service}");
    if let Some(pid) = status.pid {
        line.push_str(&format!(", process {pid}"));
    }
    for url in &status.listens {
        line.push_str(&format!(", {url}"));
    }
    report::line(line);
    let database = &status.database;
    let mut line = format!("database  {}", if database.up { "up" } else { "down" });
    if let Some(reason) = &database.reason {
        line.push_str(&format!(", {reason}"));
    }
    if !database.version.is_empty() {
        line.push_str(&format!(", PostgreSQL {}", database.version));
    }
    if let Some(bytes) = database.bytes {
        line.push_str(&format!(", {}", figures::bytes(bytes)));
    }
    report::line(line);
    if let Some(last) = status.samples.last() {
        report::line(format_args!(
            "traffic   {} requests/s, {} of them 5xx, p50 {}, p99 {}",
            last.requests,
            last.failed,
            figures::microseconds(last.p50_us.into()),
            figures::microseconds(last.p99_us.into())
        ));
    }
    for check in &status.checks {
        let severity = match check.severity {
            Severity::Critical => "CRITICAL",
            Severity::Warning => "WARNING ",
            Severity::Unknown => "unknown ",
            Severity::Notice => "notice  ",
            Severity::Ok => "ok      ",
        };
        report::line(format_args!("{severity}  {}: {}", check.name, check.summary));
        if check.severity == Severity::Ok {
            continue;
        }
        let next = check.next_step.as_ref().map(|step| format!("next: {step}"));
        let command = check.command.as_ref().map(|command| format!("      `{command}`"));
        for more in check.evidence.lines().map(str::to_owned).chain(next).chain(command) {
            report::line(format_args!("          {more}"));
        }
    }
}
