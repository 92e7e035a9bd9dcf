//! The state of the screen Health: the checks, one of which is selected.

use windlass_core::admin::protocol::{Ask, Check, Severity};

use super::data::Data;
use super::document::Line;
use super::list::{Cell, Column, List, Row, Width, told_apart};
use super::panel::{Panel, Step, Want};
use super::sheet::{Opened, Sheet, headed, hint};
use crate::keys::Action;
use crate::screen::Screen;
use crate::theme::Tone;
use crate::widgets::text::one_line;

/// What is selected and opened on it.
#[derive(Debug, Default)]
pub struct Health {
    list: List,
    opened: Option<Opened>,
    size: (u16, u16),
}

const COLUMNS: &[Column] = &[
    Column::text("State", Width::Fixed(10), 0),
    Column::text("Check", Width::Fixed(12), 0),
    Column::text("Summary", Width::Fill(20), 0),
];

/// How bad a check is, in meaning and in a word.
#[must_use]
pub const fn severity(severity: Severity) -> (Tone, &'static str) {
    match severity {
        Severity::Critical => (Tone::Bad, "critical"),
        Severity::Warning => (Tone::Warning, "warning"),
        Severity::Unknown => (Tone::Dim, "unknown"),
        Severity::Notice => (Tone::Notice, "notice"),
        Severity::Ok => (Tone::Good, "well"),
    }
}

/// The screen that shows more of what a check is about.
#[must_use]
pub fn about(check: &Check) -> Option<Screen> {
    const WORDS: &[(&str, Screen)] = &[
        ("migration", Screen::Migrations),
        ("drift", Screen::Migrations),
        ("database", Screen::Database),
        ("postgres", Screen::Database),
        ("lock", Screen::Database),
        ("index", Screen::Database),
        ("connection", Screen::Database),
        ("session", Screen::Database),
        ("transaction", Screen::Database),
        ("lane", Screen::Database),
        ("pool", Screen::Database),
        ("table", Screen::Database),
        ("vacuum", Screen::Database),
        ("statement", Screen::Database),
        ("error", Screen::Traffic),
        ("traffic", Screen::Traffic),
        ("latency", Screen::Traffic),
        ("route", Screen::Routes),
        ("resource", Screen::Routes),
        ("contract", Screen::Routes),
        ("config", Screen::Settings),
        ("setting", Screen::Settings),
        ("audit", Screen::Settings),
        ("service", Screen::Logs),
        ("log", Screen::Logs),
    ];
    let name = check.name.to_lowercase();
    WORDS
        .iter()
        .find(|(word, _)| name.contains(word))
        .map(|(_, screen)| *screen)
}

/// Everything about a check, as a sheet.
fn sheet(check: &Check) -> Sheet {
    let (tone, word) = severity(check.severity);
    let mut lines = vec![Line::text(&check.summary)];
    if !check.evidence.is_empty() {
        lines.extend(headed("What shows it"));
        lines.push(Line::text(&check.evidence).indented(2));
    }
    if let Some(next) = &check.next_step {
        lines.extend(headed("Next step"));
        lines.push(Line::text(next).indented(2));
    }
    if let Some(command) = &check.command {
        lines.extend(headed("Command"));
        lines.push(Line::text(command).tone(Tone::Accent).indented(2));
    }
    let mut keys = Vec::new();
    if check.command.is_some() {
        keys.push("y copies the command".to_owned());
    }
    if let Some(screen) = about(check) {
        keys.push(format!("o goes to {}", screen.title()));
    }
    if !keys.is_empty() {
        lines.extend(hint(&keys.join(" · ")));
    }
    Sheet {
        title: check.name.clone(),
        state: Some((tone, word.to_owned())),
        lines,
        copy: check.command.clone().unwrap_or_else(|| check.summary.clone()),
    }
}

/// What a check says below the list, shorter than its sheet: why, next, run.
#[must_use]
pub fn brief(check: &Check) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut say = |label: &str, text: &str, tone| lines.push(Line::field(label, 5, text).tone(tone));
    if !check.evidence.is_empty() {
        say(" why", &check.evidence, Tone::Plain);
    }
    if let Some(next) = &check.next_step {
        say(" next", next, Tone::Plain);
    }
    if let Some(command) = &check.command {
        say(" run", command, Tone::Accent);
    }
    lines
}

impl Health {
    /// What is opened.
    #[must_use]
    pub fn opened(&self) -> Option<&Opened> {
        self.opened.as_ref()
    }

    /// The check that is opened, or else selected.
    #[must_use]
    pub fn chosen<'a>(&self, data: &'a Data) -> Option<&'a Check> {
        let rows = self.rows(data);
        let index = match &self.opened {
            Some(opened) => rows.iter().position(|row| row.key == opened.at.key),
            None => self.list.chosen(&rows, COLUMNS),
        };
        data.status()?.checks.get(index?)
    }

    /// The key of the row that is selected.
    fn key(&self, data: &Data) -> Option<String> {
        let rows = self.rows(data);
        let index = self.list.chosen(&rows, COLUMNS)?;
        rows.get(index).map(|row| row.key.clone())
    }
}

impl Panel for Health {
    fn wants(&self) -> Vec<Want> {
        // The service's state is asked for on every screen.
        Vec::new()
    }

    fn columns(&self) -> &'static [Column] {
        if self.opened.is_some() { &[] } else { COLUMNS }
    }

    fn rows(&self, data: &Data) -> Vec<Row> {
        let checks = data.status().map(|status| status.checks.as_slice()).unwrap_or_default();
        let rows = checks.iter().map(|check| {
            let (tone, word) = severity(check.severity);
            Row {
                key: check.name.clone(),
                cells: vec![
                    // Sorted by it, the worst comes first again.
                    Cell::number(-f64::from(check.severity as u8), word).marked(tone),
                    Cell::text(&check.name),
                    Cell::text(one_line(&check.summary)),
                ],
            }
        });
        told_apart(rows.collect())
    }

    fn list(&self) -> Option<&List> {
        self.opened.is_none().then_some(&self.list)
    }

    fn list_mut(&mut self) -> Option<&mut List> {
        match self.opened {
            Some(_) => None,
            None => Some(&mut self.list),
        }
    }

    fn act(&mut self, action: Action, data: &Data, page: usize) -> Option<Vec<Step>> {
        let say = |text: &str| Some(vec![Step::Say(Tone::Notice, text.to_owned())]);
        match action {
            Action::Copy => match self.chosen(data).and_then(|check| check.command.clone()) {
                Some(command) => Some(vec![Step::Copy(command)]),
                None => say("this check has no command to copy"),
            },
            Action::Visit => match self.chosen(data).map(about) {
                Some(Some(screen)) => Some(vec![Step::Show(screen)]),
                Some(None) => say("no screen shows more of this"),
                None => say("no check is selected"),
            },
            _ if self.opened.is_some() => {
                let size = self.size;
                self.opened.as_mut().and_then(|opened| opened.act(action, size, page))
            }
            Action::Open => {
                let key = self.key(data)?;
                self.opened = self.chosen(data).map(|check| Opened::new(key, sheet(check)));
                Some(Vec::new())
            }
            _ => None,
        }
    }

    fn sized(&mut self, size: (u16, u16)) {
        self.size = size;
    }

    fn peel(&mut self) -> bool {
        self.opened.take().is_some()
    }

    fn answered(&mut self, ask: &Ask, data: &Data) {
        if *ask != Ask::Status || self.opened.is_none() {
            return;
        }
        let sheet = self.chosen(data).map(sheet);
        if let Some(opened) = &mut self.opened {
            opened.refresh(sheet);
        }
    }
}
