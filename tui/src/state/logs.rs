//! The state of the screen Logs.

use windlass_core::admin::protocol::{Ask, LogLine};
use windlass_core::telemetry::logs::filter::Filter;

use super::data::Data;
use super::list::{Cell, Column, List, Row, Width};
use super::panel::{Panel, Step, Want};
use super::stream_line::{self, Part};
use super::tail::{Streamed, Tail};
use super::traffic::{clock, moment};
use crate::effect::Watch;
use crate::keys::Action;
use crate::message::Link;
use crate::theme::Tone;

/// Lines that are kept.
pub const KEPT: usize = 2000;
/// How often the log is read where nothing streams, in milliseconds.
const EVERY_MS: i64 = 2000;

/// Columns of a target.
const TARGET: u16 = 16;

const COLUMNS: &[Column] = &[
    Column::text("Time UTC", Width::Fixed(12), 0),
    Column::text("Level", Width::Fixed(7), 0),
    Column::text("Target", Width::Fixed(TARGET), 1),
    Column::text("Message", Width::Fill(26), 0),
];

/// Which levels are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Level {
    /// Every one.
    #[default]
    All,
    /// Warnings and errors.
    Warnings,
    /// Errors alone.
    Errors,
}

impl Level {
    const fn next(self) -> Self {
        match self {
            Self::All => Self::Warnings,
            Self::Warnings => Self::Errors,
            Self::Errors => Self::All,
        }
    }

    fn shows(self, level: &str) -> bool {
        match self {
            Self::All => true,
            Self::Warnings => matches!(level, "ERROR" | "WARN"),
            Self::Errors => level == "ERROR",
        }
    }
}

/// The lines, and the one that is opened.
#[derive(Debug)]
pub struct Logs {
    /// What came.
    pub tail: Tail<LogLine>,
    /// Which levels are shown.
    pub level: Level,
    list: List,
    /// The line that is opened; it stays when the list has dropped it.
    opened: Option<LogLine>,
    scroll: usize,
    size: (u16, u16),
    /// Whether there is no service, so that lines come from files.
    offline: bool,
    /// Whether what is kept came from files. They number their lines themselves.
    from_files: bool,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            tail: Tail::new(KEPT),
            level: Level::All,
            list: List::tail(),
            opened: None,
            scroll: 0,
            size: (80, 24),
            offline: false,
            from_files: false,
        }
    }
}

impl Logs {
    /// Takes in what came.
    pub fn came(&mut self, lines: Vec<LogLine>) {
        self.turn_to(false);
        self.tail.came(lines);
    }

    /// The line that is opened, and how far its detail is scrolled.
    #[must_use]
    pub fn opened(&self) -> Option<(&LogLine, usize)> {
        self.opened.as_ref().map(|line| (line, self.scroll))
    }

    /// Lines of the service and lines of files are the same ones with other numbers: they are never mixed.
    fn turn_to(&mut self, files: bool) {
        if self.from_files != files {
            self.from_files = files;
            self.tail.forget();
        }
    }

    fn selected(&self, data: &Data) -> Option<&LogLine> {
        let rows = self.shown(data);
        self.tail.find(self.list.key(&rows)?)
    }
}

impl Panel for Logs {
    fn wants(&self) -> Vec<Want> {
        vec![Want {
            ask: Ask::Logs,
            every: if self.offline { EVERY_MS } else { 0 },
        }]
    }

    fn watch(&self) -> Option<Watch> {
        Some(Watch::Logs)
    }

    fn columns(&self) -> &'static [Column] {
        if self.opened.is_some() { &[] } else { COLUMNS }
    }

    fn rows(&self, _data: &Data) -> Vec<Row> {
        self.tail.iter().map(row).collect()
    }

    fn shown(&self, _data: &Data) -> Vec<Row> {
        // A filter that is wrong shows everything; the status line says what is wrong.
        let filter = Filter::parse(&self.list.filter).unwrap_or_default();
        let lines = self.tail.iter().filter(|line| self.level.shows(&line.level));
        self.list
            .sorted(lines.filter(|line| filter.matches(line)).map(row).collect())
    }

    fn list(&self) -> Option<&List> {
        self.opened.is_none().then_some(&self.list)
    }

    fn list_mut(&mut self) -> Option<&mut List> {
        self.opened.is_none().then_some(&mut self.list)
    }

    fn check_filter(&self, text: &str) -> Option<(usize, String)> {
        Filter::parse(text).err().map(|error| (error.at, error.message))
    }

    fn act(&mut self, action: Action, data: &Data, page: usize) -> Option<Vec<Step>> {
        if let Some(line) = &self.opened {
            let lines = parts(line, stream_line::room(self.size.0)).len();
            if stream_line::scroll(&mut self.scroll, action, page, lines) {
                return Some(Vec::new());
            }
        }
        match action {
            Action::Open if self.opened.is_none() => {
                self.opened = self.selected(data).cloned();
                self.scroll = 0;
                Some(Vec::new())
            }
            Action::Copy => {
                let line = self.opened.as_ref().or_else(|| self.selected(data));
                Some(line.map(|line| Step::Copy(whole(line))).into_iter().collect())
            }
            Action::Clear => {
                self.tail.clear();
                self.list.follow();
                Some(Vec::new())
            }
            Action::Level => {
                self.level = self.level.next();
                Some(Vec::new())
            }
            _ => None,
        }
    }

    fn peel(&mut self) -> bool {
        self.opened.take().is_some()
    }

    fn answered(&mut self, ask: &Ask, data: &Data) {
        let Some(lines) = data.logs().filter(|_| *ask == Ask::Logs && data.refusal(ask).is_none()) else {
            return;
        };
        self.turn_to(self.offline);
        if self.offline {
            self.tail.replace(lines.iter().cloned());
        } else {
            self.tail.join(lines.iter().cloned());
        }
    }

    fn freeze(&mut self, on: bool) {
        self.tail.freeze(on);
    }

    fn linked(&mut self, link: &Link) {
        self.offline = matches!(link, Link::Offline { .. });
    }

    fn lost(&mut self, count: u64) {
        self.tail.lost(count);
    }

    fn sized(&mut self, size: (u16, u16)) {
        self.size = size;
    }
}

/// What a level means.
#[must_use]
pub fn level_tone(level: &str) -> Tone {
    match level {
        "ERROR" => Tone::Bad,
        "WARN" => Tone::Warning,
        _ => Tone::Plain,
    }
}

fn row(line: &LogLine) -> Row {
    // The worst first.
    let rank = match line.level.as_str() {
        "ERROR" => 4.0,
        "WARN" => 3.0,
        "INFO" => 2.0,
        "DEBUG" => 1.0,
        _ => 0.0,
    };
    Row {
        key: line.key(),
        cells: vec![
            Cell::number(line.at as f64, clock(line.at)),
            Cell::number(rank, line.level.clone()).marked(level_tone(&line.level)),
            Cell::text(target(&line.target)).tone(Tone::Dim),
            Cell::text(said(line)),
        ],
    }
}

/// The end of a module's path, as it tells more than its beginning.
fn target(target: &str) -> String {
    let room = usize::from(TARGET);
    let mut rest = target;
    while rest.chars().count() + usize::from(rest != target) > room {
        match rest.trim_start_matches(':').split_once("::") {
            Some((_, after)) => rest = rest.get(rest.len() - after.len() - 2..).unwrap_or(after),
            None => return rest.to_owned(),
        }
    }
    if rest == target {
        rest.to_owned()
    } else {
        format!("…{rest}")
    }
}

/// Message and fields in one line; the request's id comes last, as it is long and says least.
fn said(line: &LogLine) -> String {
    let mut text = line.message.clone();
    let (ids, fields): (Vec<_>, Vec<_>) = line.fields.iter().partition(|(name, _)| name == "request_id");
    for (name, value) in fields.into_iter().chain(ids) {
        text.push_str(&format!("  {name}={value}"));
    }
    text
}

/// The line as it is copied.
fn whole(line: &LogLine) -> String {
    let at = jiff::Timestamp::from_millisecond(line.at).map_or_else(|_| line.at.to_string(), |time| time.to_string());
    format!("{at} {} {} {}", line.level, line.target, said(line))
}

/// A line in full, for so many columns.
#[must_use]
pub fn parts(line: &LogLine, width: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    stream_line::fact(&mut parts, "Time", &moment(line.at), Tone::Plain, width);
    stream_line::fact(&mut parts, "Level", &line.level, level_tone(&line.level), width);
    stream_line::fact(&mut parts, "Target", &line.target, Tone::Plain, width);
    parts.push(Part::Heading("Message".to_owned()));
    parts.extend(stream_line::wrap(&line.message, width).into_iter().map(Part::Text));
    if !line.fields.is_empty() {
        parts.push(Part::Heading("Fields".to_owned()));
        for (name, value) in &line.fields {
            stream_line::fact(&mut parts, name, value, Tone::Plain, width);
        }
    }
    parts
}
