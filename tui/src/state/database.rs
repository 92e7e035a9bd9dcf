//! The state of the screen Database: five tables, one of which is shown, and what is opened over it.

mod activity;
mod indexes;
mod locks;
mod slow;
mod tables;

use windlass_core::admin::protocol::{Act, Ask};

use super::data::Data;
use super::document::{self, Line};
use super::figure::Figure;
use super::list::{Column, List, Row, told_apart};
use super::panel::{Panel, Step, Want};
use super::sheet::{Opened, Sheet};
use crate::keys::Action;
use crate::theme::Tone;

pub(crate) use activity::lanes;

/// A table of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as they are titled")]
pub enum Tab {
    #[default]
    Activity,
    Slow,
    Locks,
    Tables,
    Indexes,
}

impl Tab {
    /// In the order in which they stand.
    pub const ALL: [Self; 5] = [Self::Activity, Self::Slow, Self::Locks, Self::Tables, Self::Indexes];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Activity => "Activity",
            Self::Slow => "Slow",
            Self::Locks => "Locks",
            Self::Tables => "Tables",
            Self::Indexes => "Indexes",
        }
    }

    /// The question that it shows the answer of.
    #[must_use]
    pub const fn ask(self) -> Ask {
        match self {
            Self::Activity => Ask::Activity,
            Self::Slow => Ask::SlowStatements,
            Self::Locks => Ask::Locks,
            Self::Tables => Ask::Tables,
            Self::Indexes => Ask::Indexes,
        }
    }

    /// What is said when it holds nothing.
    #[must_use]
    pub const fn empty(self) -> &'static str {
        match self {
            Self::Activity => "no session",
            Self::Slow => "no statement was measured yet",
            Self::Locks => "nobody waits for a lock",
            Self::Tables => "no table yet: a migration makes the first one",
            Self::Indexes => "no index yet",
        }
    }

    /// How often it is asked for, in milliseconds: what changes from one moment to the next more often.
    const fn every(self) -> i64 {
        match self {
            Self::Activity | Self::Locks => 2_000,
            Self::Slow | Self::Tables | Self::Indexes => 5_000,
        }
    }

    const fn columns(self) -> &'static [Column] {
        match self {
            Self::Activity => activity::COLUMNS,
            Self::Slow => slow::COLUMNS,
            Self::Locks => locks::COLUMNS,
            Self::Tables => tables::COLUMNS,
            Self::Indexes => indexes::COLUMNS,
        }
    }
}

/// What is selected and opened on it.
#[derive(Debug, Default)]
pub struct Database {
    tab: Tab,
    activity: List,
    slow: List,
    locks: List,
    tables: List,
    indexes: List,
    opened: Option<Opened>,
    size: (u16, u16),
}

/// A session that something is to be done to.
struct Target {
    pid: i32,
    started: String,
    statement_started: String,
    state: String,
    statement: String,
}

impl Database {
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
        let figures = match self.tab {
            Tab::Activity => data.activity().map(activity::figures),
            Tab::Slow => data.slow().map(slow::figures),
            Tab::Locks => data.locks().map(|nodes| locks::figures(nodes)),
            Tab::Tables => data.tables().map(|tables| tables::figures(tables)),
            Tab::Indexes => data.indexes().map(|indexes| indexes::figures(indexes)),
        };
        figures.unwrap_or_default()
    }

    fn table(&self) -> &List {
        match self.tab {
            Tab::Activity => &self.activity,
            Tab::Slow => &self.slow,
            Tab::Locks => &self.locks,
            Tab::Tables => &self.tables,
            Tab::Indexes => &self.indexes,
        }
    }

    fn table_mut(&mut self) -> &mut List {
        match self.tab {
            Tab::Activity => &mut self.activity,
            Tab::Slow => &mut self.slow,
            Tab::Locks => &mut self.locks,
            Tab::Tables => &mut self.tables,
            Tab::Indexes => &mut self.indexes,
        }
    }

    /// The index of what is opened, or else selected, among what was answered; and its key.
    fn chosen(&self, data: &Data) -> Option<(usize, String)> {
        let rows = self.rows(data);
        let index = match &self.opened {
            Some(opened) => rows.iter().position(|row| row.key == opened.at.key),
            None => self.table().chosen(&rows, self.tab.columns()),
        }?;
        Some((index, rows.get(index)?.key.clone()))
    }

    fn sheet(&self, index: usize, data: &Data) -> Option<Sheet> {
        match self.tab {
            Tab::Activity => data.activity().and_then(|activity| activity::sheet(activity, index)),
            Tab::Slow => data.slow().and_then(|slow| slow::sheet(slow, index)),
            Tab::Locks => data.locks().and_then(|nodes| locks::sheet(nodes, index)),
            Tab::Tables => data.tables().and_then(|tables| tables.get(index)).map(tables::sheet),
            Tab::Indexes => data.indexes().and_then(|found| found.get(index)).map(indexes::sheet),
        }
    }

    /// What `y` copies of a row.
    fn copied(&self, index: usize, data: &Data) -> Option<String> {
        match self.tab {
            // The definition; the statement that mends it is copied where it is seen.
            Tab::Indexes => data
                .indexes()
                .and_then(|all| all.get(index))
                .map(|index| index.definition.clone()),
            _ => self.sheet(index, data).map(|sheet| sheet.copy),
        }
    }

    fn turn(&mut self, by: usize) {
        let at = Tab::ALL.iter().position(|tab| *tab == self.tab).unwrap_or_default();
        self.tab = Tab::ALL.get((at + by) % Tab::ALL.len()).copied().unwrap_or_default();
    }

    fn target(&self, data: &Data) -> Result<Target, &'static str> {
        let chosen = self.chosen(data);
        let target = match (self.tab, &chosen) {
            (Tab::Slow | Tab::Tables | Tab::Indexes, _) => {
                return Err("only a session on Activity or Locks can be ended");
            }
            (_, None) if self.opened.is_some() => return Err("that session has ended already"),
            (_, None) => return Err("no session is selected"),
            (Tab::Activity, Some((index, _))) => data
                .activity()
                .and_then(|activity| activity.sessions.get(*index))
                .map(|session| Target {
                    pid: session.pid,
                    started: session.started.clone(),
                    statement_started: session.statement_started.clone(),
                    state: session.state.clone(),
                    statement: session.statement.clone(),
                }),
            (Tab::Locks, Some((index, _))) => data.locks().and_then(|nodes| nodes.get(*index)).map(|node| Target {
                pid: node.pid,
                started: node.started.clone(),
                statement_started: node.statement_started.clone(),
                state: node.state.clone(),
                statement: node.statement.clone(),
            }),
        };
        match target {
            Some(Target { pid: 0, .. }) => {
                Err("that is a prepared transaction: `rollback prepared` ends it, see pg_prepared_xacts")
            }
            other => other.ok_or("no session is selected"),
        }
    }

    fn end(&self, action: Action, data: &Data) -> Step {
        let Target {
            pid,
            started,
            statement_started,
            state,
            statement,
        } = match self.target(data) {
            Ok(target) => target,
            Err(reason) => return Step::Say(Tone::Notice, reason.to_owned()),
        };
        let idle = state.starts_with("idle");
        if idle && action == Action::Cancel {
            let text = format!("session {pid} runs no statement now; X ends the session");
            return Step::Say(Tone::Notice, text);
        }
        let function = match action {
            Action::Cancel => "pg_cancel_backend",
            _ => "pg_terminate_backend",
        };
        let mut sql = vec![
            format!("select {function}({pid})"),
            format!("-- if it still is the session of {started}"),
            format!("-- {state}; {}:", if idle { "it ran last" } else { "it runs" }),
        ];
        let lines = document::wrap(vec![Line::text(statement)], 68);
        sql.extend(lines.into_iter().map(|line| format!("--   {}", line.text)));
        let act = match action {
            Action::Cancel => Act::CancelStatement {
                pid,
                started,
                statement_started,
            },
            _ => Act::TerminateSession { pid, started },
        };
        Step::Confirm(act, sql)
    }
}

impl Panel for Database {
    fn wants(&self) -> Vec<Want> {
        vec![Want {
            ask: self.tab.ask(),
            every: self.tab.every(),
        }]
    }

    fn columns(&self) -> &'static [Column] {
        if self.opened.is_some() { &[] } else { self.tab.columns() }
    }

    fn rows(&self, data: &Data) -> Vec<Row> {
        let list = self.table();
        let rows = match self.tab {
            Tab::Activity => data.activity().map(activity::rows),
            Tab::Slow => data.slow().map(slow::rows),
            Tab::Locks => data
                .locks()
                .map(|nodes| locks::rows(nodes, list.sort.is_none() && list.filter.is_empty())),
            Tab::Tables => data.tables().map(|tables| tables::rows(tables)),
            Tab::Indexes => data.indexes().map(|indexes| indexes::rows(indexes)),
        };
        told_apart(rows.unwrap_or_default())
    }

    fn list(&self) -> Option<&List> {
        self.opened.is_none().then(|| self.table())
    }

    fn list_mut(&mut self) -> Option<&mut List> {
        match self.opened {
            Some(_) => None,
            None => Some(self.table_mut()),
        }
    }

    fn act(&mut self, action: Action, data: &Data, page: usize) -> Option<Vec<Step>> {
        let size = self.size;
        if let Some(steps) = self.opened.as_mut().and_then(|opened| opened.act(action, size, page)) {
            return Some(steps);
        }
        match action {
            Action::Left | Action::PreviousTab => self.turn(Tab::ALL.len() - 1),
            Action::Right | Action::NextTab => self.turn(1),
            Action::Open => {
                let (index, key) = self.chosen(data)?;
                self.opened = self.sheet(index, data).map(|sheet| Opened::new(key, sheet));
            }
            Action::Copy => {
                let text = self.chosen(data).and_then(|(index, _)| self.copied(index, data));
                return Some(vec![match text {
                    Some(text) => Step::Copy(text),
                    None => Step::Say(Tone::Notice, "nothing is selected".to_owned()),
                }]);
            }
            Action::Cancel | Action::Terminate => return Some(vec![self.end(action, data)]),
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
