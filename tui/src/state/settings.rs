//! The state of the screen Settings: what is in force, and what was done.

use windlass_core::admin::protocol::{Act, Ask, AuditEntry, Setting, Source};

use super::data::Data;
use super::document::Line;
use super::figure::Figure;
use super::list::{Cell, Column, List, Row, Width, told_apart};
use super::panel::{Panel, Step, Want};
use super::sheet::{Opened, Sheet, field, headed, hint};
use crate::keys::Action;
use crate::theme::Tone;
use crate::widgets::text::{moment, one_line};

/// A table of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as they are titled")]
pub enum Tab {
    #[default]
    Settings,
    Audit,
}

impl Tab {
    /// In the order in which they stand.
    pub const ALL: [Self; 2] = [Self::Settings, Self::Audit];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::Audit => "Audit",
        }
    }

    /// The question that it shows the answer of.
    #[must_use]
    pub const fn ask(self) -> Ask {
        match self {
            Self::Settings => Ask::Settings,
            Self::Audit => Ask::Audit,
        }
    }

    /// What is said when it holds nothing.
    #[must_use]
    pub const fn empty(self) -> &'static str {
        match self {
            Self::Settings => "no setting",
            Self::Audit => "nothing was done through the console or the command line yet",
        }
    }
}

const SETTINGS: &[Column] = &[
    Column::text("Key", Width::Fill(26), 0),
    Column::text("Value", Width::Fill(14), 0),
    Column::text("Source", Width::Fixed(18), 0),
    Column::text("Variable", Width::Fixed(35), 1),
];

const AUDIT: &[Column] = &[
    Column::text("When", Width::Fixed(16), 0),
    Column::text("Who", Width::Fixed(8), 3),
    Column::text("Action", Width::Fixed(17), 0),
    Column::text("Target", Width::Fill(12), 0),
    Column::text("Outcome", Width::Fixed(9), 0),
    Column::text("Error", Width::Fill(12), 4),
];

/// What is selected and opened on it.
#[derive(Debug, Default)]
pub struct Settings {
    tab: Tab,
    settings: List,
    audit: List,
    opened: Option<Opened>,
    size: (u16, u16),
}

impl Settings {
    /// The table that is shown.
    #[must_use]
    pub fn tab(&self) -> Tab {
        self.tab
    }

    /// What is opened over it.
    #[must_use]
    pub fn opened(&self) -> Option<&Opened> {
        self.opened.as_ref()
    }

    /// The facts above the table.
    #[must_use]
    pub fn figures(&self, data: &Data) -> Vec<Figure> {
        match self.tab {
            Tab::Settings => data.settings().map(|settings| {
                let from = |with: fn(&Source) -> bool| settings.iter().filter(|setting| with(&setting.source)).count();
                vec![
                    Figure::plain(format!("{} settings", settings.len())),
                    Figure::plain(format!(
                        "{} by file",
                        from(|source| matches!(source, Source::File { .. }))
                    )),
                    Figure::plain(format!(
                        "{} by environment",
                        from(|source| *source == Source::Environment)
                    )),
                    Figure::plain("a change needs a restart"),
                ]
            }),
            Tab::Audit => data.audit().map(|entries| {
                let with = |outcome: &str| entries.iter().filter(|entry| entry.outcome == outcome).count();
                let mut figures = vec![Figure::plain(format!("the last {} acts, newest first", entries.len()))];
                figures.extend(Figure::counted(Tone::Bad, with("refused"), "refused"));
                figures.extend(Figure::counted(
                    Tone::Warning,
                    with("started"),
                    "of which nobody knows how they ended",
                ));
                figures
            }),
        }
        .unwrap_or_default()
    }

    fn table(&self) -> &List {
        match self.tab {
            Tab::Settings => &self.settings,
            Tab::Audit => &self.audit,
        }
    }

    fn chosen(&self, data: &Data) -> Option<(usize, String)> {
        let rows = self.rows(data);
        let index = match &self.opened {
            Some(opened) => rows.iter().position(|row| row.key == opened.at.key),
            None => self.table().chosen(&rows, self.columns()),
        }?;
        Some((index, rows.get(index)?.key.clone()))
    }

    fn sheet(&self, index: usize, data: &Data) -> Option<Sheet> {
        match self.tab {
            Tab::Settings => data.settings()?.get(index).map(setting_sheet),
            Tab::Audit => data.audit()?.get(index).map(audit_sheet),
        }
    }
}

/// Where a value comes from, as the operator finds it.
fn source(source: &Source) -> (Tone, String) {
    match source {
        Source::Default => (Tone::Dim, "default".to_owned()),
        Source::File { file, line } => (Tone::Plain, format!("{file}:{line}")),
        Source::Environment => (Tone::Notice, "environment".to_owned()),
    }
}

fn setting_row(setting: &Setting) -> Row {
    let (tone, text) = source(&setting.source);
    Row {
        key: setting.key.clone(),
        cells: vec![
            Cell::text(&setting.key),
            if setting.value.is_empty() {
                Cell::text("–").tone(Tone::Dim)
            } else {
                Cell::text(one_line(&setting.value))
            },
            Cell::text(text).tone(tone),
            Cell::text(&setting.variable).tone(Tone::Dim),
        ],
    }
}

fn setting_sheet(setting: &Setting) -> Sheet {
    let mut lines = vec![
        field("Value", &setting.value),
        field("Source", source(&setting.source).1),
        field("Variable", &setting.variable),
        Line::text(""),
        Line::text(&setting.description),
    ];
    lines.extend(hint("the variable wins over the file; y copies its name"));
    Sheet {
        title: setting.key.clone(),
        state: None,
        lines,
        copy: setting.variable.clone(),
    }
}

fn outcome(entry: &AuditEntry) -> Tone {
    match entry.outcome.as_str() {
        "done" => Tone::Good,
        "refused" => Tone::Bad,
        _ => Tone::Warning,
    }
}

fn audit_row(entry: &AuditEntry) -> Row {
    Row {
        key: entry.id.to_string(),
        cells: vec![
            Cell::text(moment(&entry.at)),
            Cell::text(&entry.actor),
            Cell::text(&entry.action),
            Cell::text(one_line(&entry.target)),
            Cell::text(&entry.outcome).marked(outcome(entry)),
            Cell::text(one_line(entry.error.as_deref().unwrap_or_default())),
        ],
    }
}

fn audit_sheet(entry: &AuditEntry) -> Sheet {
    let mut lines = vec![
        field("When", &entry.at),
        field("Who", &entry.actor),
        field("Action", &entry.action),
        field("Target", &entry.target),
        field(
            "Outcome",
            match entry.outcome.as_str() {
                "started" => "started; nobody knows how it ended",
                other => other,
            },
        ),
    ];
    if let Some(error) = &entry.error {
        lines.push(field("Error", error));
    }
    lines.extend(headed("The same as"));
    lines.push(Line::text(&entry.command).indented(2));
    lines.extend(hint("y copies the command"));
    Sheet {
        title: format!("Act {}: {}", entry.id, entry.action),
        state: Some((outcome(entry), entry.outcome.clone())),
        lines,
        copy: entry.command.clone(),
    }
}

impl Panel for Settings {
    fn wants(&self) -> Vec<Want> {
        vec![Want {
            ask: self.tab.ask(),
            every: match self.tab {
                Tab::Settings => 10_000,
                Tab::Audit => 5_000,
            },
        }]
    }

    fn columns(&self) -> &'static [Column] {
        match (&self.opened, self.tab) {
            (Some(_), _) => &[],
            (None, Tab::Settings) => SETTINGS,
            (None, Tab::Audit) => AUDIT,
        }
    }

    fn rows(&self, data: &Data) -> Vec<Row> {
        told_apart(match self.tab {
            Tab::Settings => data.settings().into_iter().flatten().map(setting_row).collect(),
            Tab::Audit => data.audit().into_iter().flatten().map(audit_row).collect(),
        })
    }

    fn list(&self) -> Option<&List> {
        self.opened.is_none().then(|| self.table())
    }

    fn list_mut(&mut self) -> Option<&mut List> {
        match (&self.opened, self.tab) {
            (Some(_), _) => None,
            (None, Tab::Settings) => Some(&mut self.settings),
            (None, Tab::Audit) => Some(&mut self.audit),
        }
    }

    fn act(&mut self, action: Action, data: &Data, page: usize) -> Option<Vec<Step>> {
        let size = self.size;
        if let Some(steps) = self.opened.as_mut().and_then(|opened| opened.act(action, size, page)) {
            return Some(steps);
        }
        match action {
            Action::Left | Action::Right | Action::PreviousTab | Action::NextTab => {
                self.tab = match self.tab {
                    Tab::Settings => Tab::Audit,
                    Tab::Audit => Tab::Settings,
                };
            }
            Action::Open => {
                let (index, key) = self.chosen(data)?;
                self.opened = self.sheet(index, data).map(|sheet| Opened::new(key, sheet));
            }
            Action::Copy => {
                let sheet = self.chosen(data).and_then(|(index, _)| self.sheet(index, data));
                return Some(vec![match sheet {
                    Some(sheet) => Step::Copy(sheet.copy),
                    None => Step::Say(Tone::Notice, "nothing is selected".to_owned()),
                }]);
            }
            Action::Reload => return Some(vec![Step::Confirm(Act::Reload, Vec::new())]),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn sized(&mut self, size: (u16, u16)) {
        self.size = size;
    }

    fn peel(&mut self) -> bool {
        self.opened.take().is_some()
    }

    fn answered(&mut self, ask: &Ask, data: &Data) {
        if *ask != self.tab.ask() || self.opened.is_none() {
            return;
        }
        let sheet = self.chosen(data).and_then(|(index, _)| self.sheet(index, data));
        if let Some(opened) = &mut self.opened {
            opened.refresh(sheet);
        }
    }
}
