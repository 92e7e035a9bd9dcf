//! What is said of a route, part by part.

use windlass_core::admin::protocol::{Ask, FieldLine, RouteDetail, RouteLine};

use super::data::Data;
use super::document::{self, Line};
use crate::theme::Tone;
use crate::widgets::text::{count, duration};

/// The parts of a route's detail, in their order.
pub const PARTS: &[&str] = &["Overview", "Parameters", "Body", "Reply", "SQL", "EXPLAIN"];

/// The part with the statement; the one after it has its plan.
pub const SQL: usize = 4;

/// A part of a route, with what is known of it.
#[must_use]
pub fn part(data: &Data, route: &str, part: usize) -> Vec<Line> {
    let ask = Ask::Route {
        route: route.to_owned(),
    };
    let line = data
        .routes()
        .and_then(|routes| routes.iter().find(|line| line.route == route));
    let detail = data.route(route);
    let mut lines = Vec::new();
    if part == 0
        && let Some(line) = line.or(detail.map(|detail| &detail.line))
    {
        lines = overview(line, detail);
    }
    match (detail, data.refusal(&ask)) {
        (Some(detail), _) => lines.extend(part_of(detail, part)),
        (None, Some(refusal)) => {
            lines.push(Line::text(&refusal.message).marked(Tone::Warning));
            lines.extend(refusal.hint.as_ref().map(|hint| Line::text(hint).indented(2)));
        }
        (None, None) => lines.push(Line::text("asking…").tone(Tone::Dim)),
    }
    lines
}

fn part_of(detail: &RouteDetail, part: usize) -> Vec<Line> {
    let lines = match part {
        0 => return Vec::new(),
        1 => parameters(detail),
        2 => {
            let mut lines = fields(&detail.body, true);
            if let (Some(example), false) = (&detail.example, lines.is_empty()) {
                lines.extend([Line::default(), Line::heading("Would be accepted")]);
                lines.extend(document::lines(&super::json_text::pretty(example)));
            }
            lines
        }
        3 => fields(&detail.reply, false),
        SQL => detail
            .sql
            .iter()
            .flat_map(|sql| sql.lines())
            .map(|line| Line::sql(None, line))
            .collect(),
        _ => detail.explain.iter().flat_map(|plan| document::lines(plan)).collect(),
    };
    if !lines.is_empty() {
        return lines;
    }
    let nothing = match part {
        1 => "It takes no parameters.",
        2 => "It takes no body.",
        3 => "It answers without a body.",
        SQL => "It runs no statement of its own.",
        _ if detail.sql.is_none() => "It runs no statement of its own, so there is no plan.",
        _ => "No plan: the database is down, or it refused to plan the statement.",
    };
    vec![Line::text(nothing).tone(Tone::Dim)]
}

fn overview(line: &RouteLine, detail: Option<&RouteDetail>) -> Vec<Line> {
    const LABEL: usize = 8;
    /// Longer ones are cut in the title.
    const LONG: usize = 50;
    let field = |label: &str, text: String| Line::field(label, LABEL, text);
    let mut lines = Vec::new();
    if let Some(disabled) = &line.disabled {
        let text = format!(
            "disabled by {} at {}; clients get 503 until d enables it (after W)",
            disabled.by, disabled.at
        );
        lines.push(field("State", text).tone(Tone::Warning));
    }
    if document::width(&line.route) > LONG {
        lines.push(field("Route", line.route.clone()));
    }
    match &line.figures {
        Some(figures) => {
            let text = format!(
                "{}/s now, {} since the start",
                rate(figures.rate),
                count(figures.requests)
            );
            lines.push(field("Requests", text));
            let (p50, p99) = (u64::from(figures.p50_us), u64::from(figures.p99_us));
            lines.push(match p99 {
                0 => field("Time", "no request in the last minute".to_owned()).tone(Tone::Dim),
                _ => field(
                    "Time",
                    format!("p50 {}, p99 {} in the last minute", duration(p50), duration(p99)),
                ),
            });
            let errors = field(
                "Errors",
                format!(
                    "{} of 4xx, {} of 5xx since the start",
                    count(figures.refused),
                    count(figures.failed)
                ),
            );
            lines.push(if figures.failed > 0 {
                errors.tone(Tone::Bad)
            } else {
                errors
            });
        }
        None => lines.push(field("Requests", "not counted: the service is down".to_owned()).tone(Tone::Dim)),
    }
    lines.push(field("Access", access(line)));
    lines.push(field("File", line.file.clone()));
    if let Some(detail) = detail {
        let guards = if detail.guards.is_empty() {
            "none".to_owned()
        } else {
            detail.guards.join(" → ")
        };
        lines.push(field("Guards", guards));
        if let Some(text) = &detail.description {
            lines.extend([Line::default(), Line::text(text)]);
        }
    }
    lines
}

/// Who may use a route, in one line.
#[must_use]
pub fn access(line: &RouteLine) -> String {
    if line.access.is_empty() {
        "nobody".to_owned()
    } else {
        line.access.join(", ")
    }
}

/// Requests a second as `0`, `0.4`, `14.5`, `900`, `12.3k`.
#[must_use]
pub fn rate(rate: f64) -> String {
    match rate {
        0.0 => "0".to_owned(),
        rate if rate < 0.1 => "<0.1".to_owned(),
        rate if rate < 100.0 => format!("{rate:.1}"),
        rate => count(rate.round() as u64),
    }
}

fn parameters(detail: &RouteDetail) -> Vec<Line> {
    let label = |name: &str, required: bool| format!("{}{name}", if required { "* " } else { "  " });
    let width = widest(detail.parameters.iter().map(|parameter| parameter.name.as_str()));
    let mut lines: Vec<Line> = Vec::new();
    for location in ["path", "query", "header"] {
        let here = detail
            .parameters
            .iter()
            .filter(|parameter| parameter.location == location);
        for (index, parameter) in here.enumerate() {
            if index == 0 {
                if !lines.is_empty() {
                    lines.push(Line::default());
                }
                lines.push(Line::heading(match location {
                    "path" => "In the path",
                    "query" => "In the query",
                    _ => "In headers",
                }));
            }
            let text = match parameter.description.as_str() {
                "" => parameter.kind.clone(),
                description => format!("{}: {description}", parameter.kind),
            };
            lines.push(Line::field(&label(&parameter.name, parameter.required), width, text));
        }
    }
    legend(&mut lines, detail.parameters.iter().any(|parameter| parameter.required));
    lines
}

fn fields(fields: &[FieldLine], body: bool) -> Vec<Line> {
    let width = widest(fields.iter().map(|field| field.name.as_str()));
    let mut lines: Vec<Line> = fields
        .iter()
        .map(|field| {
            let mark = if body && field.required { "* " } else { "  " };
            let null = if field.nullable { ", or null" } else { "" };
            Line::field(&format!("{mark}{}", field.name), width, format!("{}{null}", field.kind))
        })
        .collect();
    legend(&mut lines, body && fields.iter().any(|field| field.required));
    lines
}

fn legend(lines: &mut Vec<Line>, needed: bool) {
    if needed {
        lines.extend([Line::default(), Line::text("* must be there").tone(Tone::Dim)]);
    }
}

/// Columns for names with their star; very long ones must leave room for what is said of them.
fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names
        .map(|name| document::width(name) + 2)
        .max()
        .unwrap_or_default()
        .min(24)
}
