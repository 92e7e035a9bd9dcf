//! The state of the screen Migrations.

use std::cmp::Reverse;

use windlass_core::admin::protocol::{Act, Ask, Expected, MigrationFiles, MigrationState, MigrationStatus, Outcome};

use super::data::Data;
use super::detail::Detail;
use super::document;
use super::list::{Cell, Column, List, Row, Width};
use super::migration_text::{self, DOWN, PARTS, REHEARSAL, UP, is_open, name};
use super::panel::{Panel, Step, Want};
use super::rehearsal_text;
use crate::keys::Action;
use crate::theme::Tone;

/// What is selected and opened on it.
#[derive(Debug, Default)]
pub struct Migrations {
    list: List,
    detail: Option<Detail>,
    later: Option<Later>,
    columns: usize,
}

/// What waits for files: they may be other ones since they were read last, and what is confirmed is what is run.
#[derive(Debug)]
enum Later {
    Apply(Vec<String>),
    Revert(String),
}

const COLUMNS: &[Column] = &[
    Column::text("State", Width::Fixed(9), 0),
    Column::text("Name", Width::Fill(34), 0),
    Column::text("Applied UTC", Width::Fixed(16), 1),
    Column::text("Note", Width::Fill(34), 2),
];

impl Migrations {
    /// What is opened.
    #[must_use]
    pub fn opened(&self) -> Option<&Detail> {
        self.detail.as_ref()
    }

    /// The migration that is opened, or else selected.
    fn chosen<'a>(&self, data: &'a Data) -> Option<&'a MigrationStatus> {
        let key = match &self.detail {
            Some(detail) => detail.key.clone(),
            None => {
                let rows = self.list.shown(self.rows(data), COLUMNS);
                self.list.key(&rows)?.to_owned()
            }
        };
        data.migrations()?.iter().find(|status| name(status) == key)
    }

    fn open(&mut self, status: &MigrationStatus, part: usize) -> Vec<Step> {
        let key = name(status).to_owned();
        self.list.select_key(key.clone());
        self.detail = Some(Detail::at(key, part));
        if status.name.is_empty() {
            return Vec::new();
        }
        vec![Step::Ask(Ask::Migration {
            name: status.name.clone(),
        })]
    }

    fn copy(&self, key: &str, data: &Data) -> String {
        let files = data.migration(key);
        let text = match self.detail.as_ref().map(|detail| detail.part) {
            Some(UP) => files.map(|files| files.up.clone()),
            Some(DOWN) => files.and_then(|files| files.down.clone()),
            _ => None,
        };
        text.unwrap_or_else(|| key.to_owned())
    }

    fn rehearse(&mut self, data: &Data) -> Vec<Step> {
        let Some(status) = self.chosen(data) else {
            return vec![say(Tone::Notice, "no migration is selected")];
        };
        if !is_open(status.state) {
            let (_, state) = migration_text::state(status.state);
            let text = format!("{} is {state}: only what is pending can be rehearsed", name(status));
            return vec![say(Tone::Notice, text)];
        }
        let ask = rehearsal_text::asking(&status.name);
        if data.is_pending(&ask) {
            return vec![say(Tone::Notice, "it is being rehearsed")];
        }
        let mut steps = self.open(status, REHEARSAL);
        steps.push(Step::Ask(ask));
        steps
    }

    fn apply(&mut self, data: &Data) -> Vec<Step> {
        let Some(all) = data.migrations() else {
            return vec![say(Tone::Notice, "the migrations are not known yet")];
        };
        let mut open: Vec<&MigrationStatus> = all.iter().filter(|status| is_open(status.state)).collect();
        open.sort_by(|a, b| a.version.cmp(&b.version));
        if open.is_empty() {
            return vec![say(Tone::Notice, "nothing is pending")];
        }
        for status in &open {
            if let Some(Outcome::Failed { message }) =
                rehearsal_text::of(data, &status.name).map(|rehearsal| &rehearsal.outcome)
            {
                let text = format!("{} failed its rehearsal: {message} — mend it, then c", status.name);
                return vec![say(Tone::Bad, text)];
            }
        }
        let names: Vec<String> = open.iter().map(|status| status.name.clone()).collect();
        let mut steps = vec![say(Tone::Plain, "reading the files…")];
        steps.extend(
            names
                .iter()
                .map(|name| Step::Ask(Ask::Migration { name: name.clone() })),
        );
        self.later = Some(Later::Apply(names));
        steps
    }

    fn revert(&mut self, data: &Data) -> Vec<Step> {
        let Some(all) = data.migrations() else {
            return vec![say(Tone::Notice, "the migrations are not known yet")];
        };
        let applied = all.iter().filter(|status| !is_open(status.state));
        let Some(last) = applied.max_by(|a, b| a.version.cmp(&b.version)) else {
            return vec![say(Tone::Notice, "nothing is applied")];
        };
        if last.state == MigrationState::Gone {
            let text = format!(
                "{} is the last one, and its directory is gone: restore it first",
                name(last)
            );
            return vec![say(Tone::Bad, text)];
        }
        let name = last.name.clone();
        self.later = Some(Later::Revert(name.clone()));
        vec![
            say(Tone::Plain, "reading its down.sql…"),
            Step::Ask(Ask::Migration { name }),
        ]
    }
}

fn say(tone: Tone, text: impl Into<String>) -> Step {
    Step::Say(tone, text.into())
}

/// Whether a dump is made before migrations run: only of the embedded database.
fn dumps(data: &Data) -> bool {
    data.status().is_some_and(|status| status.database.embedded)
}

/// What is confirmed now that the files are there.
fn go_on(later: Later, data: &Data) -> Step {
    match later {
        Later::Apply(names) => {
            let sql = migration_text::confirmed_up(data, &names);
            let files: Vec<&MigrationFiles> = names.iter().filter_map(|name| data.migration(name)).collect();
            let expect = names
                .iter()
                .zip(&files)
                .map(|(name, files)| Expected {
                    name: name.clone(),
                    sha256: files.up_sha256.clone(),
                })
                .collect();
            let dump = dumps(data);
            let act = Act::MigrateUp { expect, dump };
            // Without a way back it is no small matter.
            let back = dump || files.iter().all(|files| files.down.is_some() && files.in_transaction);
            match names.last().filter(|_| !back) {
                Some(last) => Step::ConfirmTyped(act, sql, last.clone()),
                None => Step::Confirm(act, sql),
            }
        }
        Later::Revert(name) => match data
            .migration(&name)
            .map(|files| (files.down.clone(), &files.down_sha256))
        {
            Some((Some(down), sha256)) => {
                let mut sql = vec![format!("-- {name}, down.sql")];
                sql.extend(down.lines().map(ToOwned::to_owned));
                let expect = Expected {
                    name,
                    sha256: sha256.clone(),
                };
                Step::Confirm(
                    Act::MigrateDown {
                        expect,
                        dump: dumps(data),
                    },
                    sql,
                )
            }
            _ => say(
                Tone::Bad,
                format!("{name} has no down.sql: write one, or write a migration that undoes it"),
            ),
        },
    }
}

impl Panel for Migrations {
    fn wants(&self) -> Vec<Want> {
        let mut wants = vec![Want {
            ask: Ask::Migrations,
            every: 3000,
        }];
        // One whose directory is unknown has a version of digits alone for a key.
        if let Some(detail) = &self.detail
            && detail.key.contains('_')
        {
            let name = detail.key.clone();
            wants.push(Want {
                ask: Ask::Migration { name },
                every: 0,
            });
        }
        wants
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn rows(&self, data: &Data) -> Vec<Row> {
        let all = data.migrations().into_iter().flatten();
        let (mut open, mut done): (Vec<_>, Vec<_>) = all.partition(|status| is_open(status.state));
        // As they will run; then what is wrong, and the newest of the others.
        open.sort_by(|a, b| a.version.cmp(&b.version));
        done.sort_by_key(|status| (status.state == MigrationState::Applied, Reverse(status.version.clone())));
        open.into_iter().chain(done).map(|status| row(data, status)).collect()
    }

    fn list(&self) -> Option<&List> {
        self.detail.is_none().then_some(&self.list)
    }

    fn list_mut(&mut self) -> Option<&mut List> {
        self.detail.is_none().then_some(&mut self.list)
    }

    fn act(&mut self, action: Action, data: &Data, page: usize) -> Option<Vec<Step>> {
        // Whoever goes on does not wait for what was asked before.
        self.later = None;
        if let Some(detail) = &mut self.detail {
            let lines = document::wrap(migration_text::part(data, &detail.key, detail.part), self.columns).len();
            if detail.go(action, PARTS.len(), lines, page) {
                return Some(Vec::new());
            }
        }
        Some(match action {
            Action::Open if self.detail.is_some() => Vec::new(),
            Action::Open => match self.chosen(data) {
                Some(status) => self.open(status, 0),
                None => vec![say(Tone::Notice, "no migration is selected")],
            },
            Action::Copy => match self.chosen(data) {
                Some(status) => vec![Step::Copy(self.copy(name(status), data))],
                None => vec![say(Tone::Notice, "no migration is selected")],
            },
            Action::Rehearse => self.rehearse(data),
            Action::Apply => self.apply(data),
            Action::Revert => self.revert(data),
            _ => return None,
        })
    }

    fn sized(&mut self, size: (u16, u16)) {
        self.columns = usize::from(size.0);
    }

    fn peel(&mut self) -> bool {
        self.detail.take().is_some()
    }

    fn resume(&mut self, data: &Data) -> Vec<Step> {
        let Some(later) = self.later.take() else {
            return Vec::new();
        };
        let names = match &later {
            Later::Apply(names) => names.as_slice(),
            Later::Revert(name) => std::slice::from_ref(name),
        };
        let asks: Vec<Ask> = names.iter().map(|name| Ask::Migration { name: name.clone() }).collect();
        if asks.iter().any(|ask| data.is_pending(ask)) {
            self.later = Some(later);
            return Vec::new();
        }
        // Given up when the way to the service was lost.
        let lost: Vec<Step> = asks
            .iter()
            .filter(|ask| data.due(ask, 0).is_some())
            .cloned()
            .map(Step::Ask)
            .collect();
        if !lost.is_empty() {
            self.later = Some(later);
            return lost;
        }
        match asks.iter().find_map(|ask| data.refusal(ask)) {
            Some(refusal) => vec![say(Tone::Bad, refusal.sentence())],
            None => vec![go_on(later, data)],
        }
    }
}

fn row(data: &Data, status: &MigrationStatus) -> Row {
    let (tone, word) = migration_text::state(status.state);
    let applied = status.applied_at.as_deref().map(migration_text::minute);
    let (note_tone, note) = migration_text::note(data, status);
    Row {
        key: name(status).to_owned(),
        cells: vec![
            Cell::text(word).marked(tone),
            Cell::text(name(status)),
            applied.map_or_else(|| Cell::text("-").tone(Tone::Dim), Cell::text),
            Cell::text(note).tone(note_tone),
        ],
    }
}
