//! The screen Health: the checks first, then what the selected one says, the service and its charts.

mod charts;
mod facts;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use windlass_core::admin::protocol::{Check, Severity, Status};

use crate::message::Link;
use crate::state::State;
use crate::state::document;
use crate::state::health::{about, brief};
use crate::theme::{Theme, Tone};
use crate::widgets::text::{age, cut};
use crate::widgets::{document as paper, tabbed, table};

/// From this size on, charts stand beside the checks.
const WIDE: (u16, u16) = (110, 25);

/// After so many seconds without a new sample it is said.
const OLD: i64 = 5;

/// Paints it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, theme: &Theme) {
    if let Some(opened) = state.panels.health.opened() {
        tabbed::opened(frame, area, state, opened, theme);
        return;
    }
    let Some(status) = state.data.status() else {
        let text = match &state.link {
            Link::Incompatible { reason } | Link::Lost { reason, .. } | Link::Offline { reason } => reason.as_str(),
            Link::Connecting | Link::Live => "asking…",
        };
        let text = Paragraph::new(theme.text(text)).wrap(ratatui::widgets::Wrap { trim: true });
        frame.render_widget(text.style(theme.style(Tone::Dim)), area);
        return;
    };
    if area.width >= WIDE.0 && area.height >= WIDE.1 {
        wide(frame, area, state, status, theme);
    } else {
        narrow(frame, area, state, status, theme);
    }
}

/// How many lines each part gets, from the top.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shares {
    checks: u16,
    rule: u16,
    brief: u16,
    facts: u16,
    charts: u16,
}

/// Deals out the lines: what is wrong comes first, and charts get what is left.
fn shares(height: u16, status: &Status, brief: u16) -> Shares {
    let count = |with: fn(&&Check) -> bool| lines_of(status.checks.iter().filter(with).count());
    let all = count(|_| true);
    let wrong = count(|check| check.severity != Severity::Ok);
    let mut left = height;
    let mut take = |wanted: u16| {
        let taken = wanted.min(left);
        left -= taken;
        taken
    };
    let mut shares = Shares {
        checks: take(1 + wrong.max(all.min(3)).clamp(1, 6)),
        ..Shares::default()
    };
    shares.brief = take(brief.min(3));
    shares.facts = take(3);
    shares.rule = if height >= 16 { take(1) } else { 0 };
    shares.charts = take(6);
    // What to do next is read in full before all that is well is seen.
    shares.brief += take(brief.saturating_sub(shares.brief).min(1));
    shares.checks += take((1 + all).saturating_sub(shares.checks));
    shares.brief += take(brief.saturating_sub(shares.brief));
    shares
}

fn lines_of(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX - 1)
}

fn narrow(frame: &mut Frame<'_>, area: Rect, state: &State, status: &Status, theme: &Theme) {
    let check = state.panels.health.chosen(&state.data);
    let columns = usize::from(area.width);
    let full = check.map_or(0, |check| document::wrap(brief(check), columns).len());
    let shares = shares(area.height, status, lines_of(full));
    let [checks, rule, text, _, facts_area, charts_area] = Layout::vertical([
        Constraint::Length(shares.checks),
        Constraint::Length(shares.rule),
        Constraint::Length(shares.brief),
        Constraint::Fill(1),
        Constraint::Length(shares.facts),
        Constraint::Length(shares.charts),
    ])
    .areas(area);
    table::draw(frame, checks, state, "no check has run yet", theme);
    if let Some(check) = check {
        let mut about = about_check(check);
        let hidden = (1 + status.checks.len()).saturating_sub(usize::from(shares.checks));
        if hidden > 0 {
            about.push_str(&format!(" · {hidden} more of {}", status.checks.len()));
        }
        frame.render_widget(line_across(&about, Tone::Dim, columns, theme), rule);
        explain(frame, text, state, check, theme);
    }
    facts::draw(frame, facts_area, state, status, theme);
    let (tone, age) = newest(state, status);
    // With room for a chart or two only, the line above them goes, unless it says that they are old.
    let charts_area = if charts_area.height >= 3 || tone != Tone::Dim && charts_area.height > 0 {
        let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(charts_area);
        frame.render_widget(line_across(&age, tone, columns, theme), head);
        body
    } else {
        charts_area
    };
    charts::small(frame, charts_area, &status.samples, is_old(state), theme);
}

fn wide(frame: &mut Frame<'_>, area: Rect, state: &State, status: &Status, theme: &Theme) {
    let [facts_area, _, below] =
        Layout::vertical([Constraint::Length(3), Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    facts::draw(frame, facts_area, state, status, theme);
    let [left, _, right] =
        Layout::horizontal([Constraint::Fill(2), Constraint::Length(2), Constraint::Fill(1)]).areas(below);
    let most = left.height / 2;
    let rows = (1 + lines_of(status.checks.len().max(1))).min(most);
    let [checks, _, rule, text] = Layout::vertical([
        Constraint::Length(rows),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
    ])
    .areas(left);
    table::draw(frame, checks, state, "no check has run yet", theme);
    if let Some(check) = state.panels.health.chosen(&state.data) {
        let columns = usize::from(rule.width);
        frame.render_widget(line_across(&about_check(check), Tone::Dim, columns, theme), rule);
        explain(frame, text, state, check, theme);
    }
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(right);
    let (tone, age) = newest(state, status);
    frame.render_widget(line_across(&age, tone, usize::from(head.width), theme), head);
    charts::large(frame, body, &status.samples, is_old(state), theme);
}

fn is_old(state: &State) -> bool {
    matches!(state.link, Link::Lost { .. })
}

/// How old the charts are.
fn newest(state: &State, status: &Status) -> (Tone, String) {
    let silent = |ms: i64| (Tone::Warning, format!("nothing new for {}", age(ms)));
    match (&state.link, status.samples.last()) {
        (_, None) => (Tone::Notice, "no figures: there is no service".to_owned()),
        (Link::Lost { since, .. }, _) => silent(state.now - since),
        (_, Some(last)) if state.now / 1000 - last.at > OLD => silent(state.now - last.at * 1000),
        _ => (Tone::Dim, "now, and the last two minutes".to_owned()),
    }
}

/// A check's name, and what the keys do with it.
fn about_check(check: &Check) -> String {
    let mut text = format!("{}: Enter all", check.name);
    if check.command.is_some() {
        text.push_str(" · y copies the command");
    }
    if let Some(screen) = about(check) {
        text.push_str(&format!(" · o {}", screen.title()));
    }
    text
}

/// A line across with a text in it; what is not dim has its mark.
fn line_across(text: &str, tone: Tone, columns: usize, theme: &Theme) -> Line<'static> {
    let text = match tone {
        Tone::Dim => format!("─ {text} "),
        tone => format!("─ {} {text} ", theme.mark(tone)),
    };
    let text = cut(&text, columns);
    let span = Span::styled(theme.text(&text), theme.style(tone));
    let rest = columns.saturating_sub(span.width());
    let rest = Span::styled(theme.text(&"─".repeat(rest)), theme.style(Tone::Dim));
    Line::from(vec![span, rest])
}

/// Why, what next and the command: each gets a line, and what is left of the room from the last to the first.
fn explain(frame: &mut Frame<'_>, area: Rect, state: &State, check: &Check, theme: &Theme) {
    let columns = usize::from(area.width);
    let parts: Vec<Vec<document::Line>> = brief(check)
        .into_iter()
        .map(|line| document::wrap(vec![line], columns))
        .collect();
    let mut spare = usize::from(area.height).saturating_sub(parts.len());
    let mut takes: Vec<usize> = parts
        .iter()
        .rev()
        .map(|part| {
            let more = part.len().saturating_sub(1).min(spare);
            spare -= more;
            1 + more
        })
        .collect();
    let mut lines = Vec::new();
    for part in parts {
        let take = takes.pop().unwrap_or(1);
        let left_out = take < part.len();
        let start = lines.len();
        lines.extend(part.into_iter().take(take));
        if left_out && let Some(last) = lines.get_mut(start..).and_then(<[_]>::last_mut) {
            let room = columns.saturating_sub(document::width(&last.lead) + last.indent);
            last.text = cut(&format!("{} …", last.text), room);
        }
    }
    let lines: Vec<Line<'_>> = lines
        .iter()
        .map(|line| paper::paint(line, is_old(state), theme))
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}
