//! `windlass routes`: which there are, how they do, and the switch of each.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::admin::Source;
use windlass_core::admin::protocol::{Act, Answer, Ask, FieldLine, RouteDetail, RouteLine};
use windlass_core::app::Project;
use windlass_core::error::Result;

use super::{act, ask, unexpected};
use crate::cli::Routes;
use crate::{figures, report};

/// Lists them, or runs one of its actions.
pub async fn run(directory: &Path, json: bool, action: Option<Routes>) -> Result<ExitCode> {
    match action {
        None => list(directory, json).await,
        Some(Routes::Show { project, route, json }) => show(&project.dir, route, json).await,
        Some(Routes::Disable { project, route, json }) => {
            let source = Source::find(&Project::open(&project.dir)?).await?;
            act(&source, Act::DisableRoute { route }, json).await
        }
        Some(Routes::Enable { project, route, json }) => {
            let source = Source::find(&Project::open(&project.dir)?).await?;
            act(&source, Act::EnableRoute { route }, json).await
        }
    }
}

async fn list(directory: &Path, json: bool) -> Result<ExitCode> {
    let Answer::Routes(lines) = ask(directory, Ask::Routes).await? else {
        return Err(unexpected());
    };
    if json {
        report::json(&lines);
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    report::table(
        &[
            "route", "access", "state", "requests", "per s", "p50", "p99", "4xx", "5xx", "file",
        ],
        &rows,
    );
    if lines.is_empty() {
        report::note("hint: nothing is exposed; `windlass resource add TABLE` writes a resource file");
    }
    Ok(ExitCode::SUCCESS)
}

fn row(line: &RouteLine) -> Vec<String> {
    let mut row = vec![
        line.route.clone(),
        line.access.join(" "),
        line.disabled.as_ref().map_or("on", |_| "off").to_owned(),
    ];
    match &line.figures {
        Some(figures) => row.extend([
            figures.requests.to_string(),
            format!("{:.1}", figures.rate),
            figures::microseconds(figures.p50_us.into()),
            figures::microseconds(figures.p99_us.into()),
            figures.refused.to_string(),
            figures.failed.to_string(),
        ]),
        None => row.extend(std::iter::repeat_n("-".to_owned(), 6)),
    }
    row.push(line.file.clone());
    row
}

async fn show(directory: &Path, route: String, json: bool) -> Result<ExitCode> {
    let Answer::Route(detail) = ask(directory, Ask::Route { route }).await? else {
        return Err(unexpected());
    };
    if json {
        report::json(&detail);
    } else {
        print(&detail);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(detail: &RouteDetail) {
    let line = &detail.line;
    report::line(&line.route);
    if let Some(description) = &detail.description {
        report::line(description);
    }
    report::line(format_args!("file    {}", line.file));
    report::line(format_args!("access  {}", line.access.join(", ")));
    if let Some(off) = &line.disabled {
        report::line(format_args!("off     since {}, by {}", off.at, off.by));
    }
    if !detail.guards.is_empty() {
        report::line(format_args!("guards  {}", detail.guards.join(", ")));
    }
    if !detail.parameters.is_empty() {
        report::line("");
        let rows: Vec<Vec<String>> = detail
            .parameters
            .iter()
            .map(|parameter| {
                vec![
                    parameter.name.clone(),
                    parameter.location.clone(),
                    parameter.kind.clone(),
                    required(parameter.required),
                    parameter.description.clone(),
                ]
            })
            .collect();
        report::table(&["parameter", "in", "type", "required", "description"], &rows);
    }
    fields("body", &detail.body);
    fields("reply", &detail.reply);
    for (title, text) in [
        ("example", &detail.example),
        ("sql", &detail.sql),
        ("plan", &detail.explain),
    ] {
        if let Some(text) = text {
            report::line(format_args!("\n{}\n{text}", title.to_uppercase()));
        }
    }
}

fn fields(title: &str, fields: &[FieldLine]) {
    if fields.is_empty() {
        return;
    }
    report::line("");
    let rows: Vec<Vec<String>> = fields
        .iter()
        .map(|field| {
            let null = if field.nullable { "null" } else { "" };
            vec![
                field.name.clone(),
                field.kind.clone(),
                required(field.required),
                null.to_owned(),
            ]
        })
        .collect();
    report::table(&[title, "type", "required", "or"], &rows);
}

fn required(required: bool) -> String {
    if required { "yes" } else { "" }.to_owned()
}
