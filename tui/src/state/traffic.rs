//! The state of the screen Traffic.
//!
//! The newest request stands at the bottom, as in `tail -f`, `tcpdump` and the logs beside it: what was read moves up, and
//! the eye stays on one line. Any other one that is selected stays where it is while more come.

use windlass_core::admin::protocol::Exchange;
use windlass_core::telemetry::traffic::filter::Filter;

use super::data::Data;
use super::list::{Cell, Column, List, Row, Width};
use super::panel::{Panel, Step, Want};
use super::stream_line::{self, Bar, Part};
use super::tail::{Streamed, Tail};
use crate::effect::Watch;
use crate::keys::Action;
use crate::theme::Tone;
use crate::widgets::text::{bytes, duration};

/// Requests that are kept.
pub const KEPT: usize = 1000;

const COLUMNS: &[Column] = &[
    Column::text("Time UTC", Width::Fixed(12), 0),
    Column::text("Status", Width::Fixed(6), 0),
    Column::text("Method", Width::Fixed(7), 0),
    Column::text("Path", Width::Fill(23), 0),
    Column::number("ms", 7, 0),
    Column::text("Slowest", Width::Fixed(8), 2),
    Column::text("Code", Width::Fixed(20), 1),
    Column::number("Bytes", 8, 3),
];

/// The requests, and the one that is opened.
#[derive(Debug)]
pub struct Traffic {
    /// What came.
    pub tail: Tail<Exchange>,
    list: List,
    /// The request that is opened; it stays when the list has dropped it.
    opened: Option<Exchange>,
    scroll: usize,
    size: (u16, u16),
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            tail: Tail::new(KEPT),
            list: List::tail(),
            opened: None,
            scroll: 0,
            size: (80, 24),
        }
    }
}

impl Traffic {
    /// Takes in what came.
    pub fn came(&mut self, exchanges: Vec<Exchange>) {
        self.tail.came(exchanges);
    }

    /// The request that is opened, and how far its detail is scrolled.
    #[must_use]
    pub fn opened(&self) -> Option<(&Exchange, usize)> {
        self.opened.as_ref().map(|exchange| (exchange, self.scroll))
    }

    fn selected(&self, data: &Data) -> Option<&Exchange> {
        let rows = self.shown(data);
        self.tail.find(self.list.key(&rows)?)
    }
}

impl Panel for Traffic {
    fn wants(&self) -> Vec<Want> {
        Vec::new()
    }

    fn watch(&self) -> Option<Watch> {
        Some(Watch::Traffic)
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
        let rows = self.tail.iter().filter(|exchange| filter.matches(exchange));
        self.list.sorted(rows.map(row).collect())
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
        if let Some(exchange) = &self.opened {
            let lines = parts(exchange, stream_line::room(self.size.0)).len();
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
                let exchange = self.opened.as_ref().or_else(|| self.selected(data));
                Some(
                    exchange
                        .map(|exchange| Step::Copy(exchange.request_id.clone()))
                        .into_iter()
                        .collect(),
                )
            }
            Action::Clear => {
                self.tail.clear();
                self.list.follow();
                Some(Vec::new())
            }
            _ => None,
        }
    }

    fn peel(&mut self) -> bool {
        self.opened.take().is_some()
    }

    fn freeze(&mut self, on: bool) {
        self.tail.freeze(on);
    }

    fn lost(&mut self, count: u64) {
        self.tail.lost(count);
    }

    fn sized(&mut self, size: (u16, u16)) {
        self.size = size;
    }
}

fn row(exchange: &Exchange) -> Row {
    let slowest = exchange.stages.iter().max_by_key(|stage| stage.us);
    let slowest = slowest.map(|stage| stage.stage.as_str());
    let code = exchange.code.as_deref();
    Row {
        key: exchange.key(),
        cells: vec![
            Cell::number(exchange.at as f64, clock(exchange.at)),
            Cell::number(f64::from(exchange.status), exchange.status.to_string()).marked(status_tone(exchange.status)),
            Cell::text(exchange.method.clone()),
            Cell::text(exchange.path.clone()),
            Cell::number(exchange.duration_us as f64, milliseconds(exchange.duration_us)),
            Cell::text(slowest.unwrap_or_default()).tone(Tone::Dim),
            Cell::text(code.unwrap_or_default()),
            Cell::number(exchange.bytes as f64, bytes(exchange.bytes)),
        ],
    }
}

/// What a status means to the operator: a fault of ours is worse than a request that was refused.
#[must_use]
pub const fn status_tone(status: u16) -> Tone {
    match status {
        500.. => Tone::Bad,
        400..500 => Tone::Warning,
        300..400 => Tone::Plain,
        _ => Tone::Good,
    }
}

/// Milliseconds in at most seven columns: they stand below each other, so the unit is in the heading.
fn milliseconds(us: u64) -> String {
    let ms = us as f64 / 1e3;
    match us {
        0..100_000 => format!("{ms:.2}"),
        100_000..10_000_000 => format!("{ms:.1}"),
        _ => format!("{ms:.0}"),
    }
}

/// The time of the day in UTC.
#[must_use]
pub fn clock(at: i64) -> String {
    written(at, "%H:%M:%S%.3f")
}

/// Date and time in UTC.
#[must_use]
pub fn moment(at: i64) -> String {
    written(at, "%Y-%m-%d %H:%M:%S%.3f UTC")
}

fn written(at: i64, format: &str) -> String {
    // A time beyond all years is shown as the number that it is.
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |time| time.strftime(format).to_string())
}

/// A request in full, for so many columns.
#[must_use]
pub fn parts(exchange: &Exchange, width: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut fact = |name: &str, value: &str, tone| stream_line::fact(&mut parts, name, value, tone, width);
    fact("Request id", &exchange.request_id, Tone::Accent);
    fact("Answered", &moment(exchange.at), Tone::Plain);
    fact("Path", &format!("{} {}", exchange.method, exchange.path), Tone::Plain);
    match &exchange.route {
        Some(route) => fact("Route", route, Tone::Plain),
        None => fact("Route", "none", Tone::Dim),
    }
    let code = exchange.code.as_ref().map(|code| format!(" {code}"));
    let status = format!("{}{}", exchange.status, code.unwrap_or_default());
    fact("Status", &status, status_tone(exchange.status));
    fact("Took", &duration(exchange.duration_us), Tone::Plain);
    fact("Body", &bytes(exchange.bytes), Tone::Plain);
    if !exchange.stages.is_empty() {
        parts.push(Part::Heading("Timeline".to_owned()));
        parts.extend(timeline(exchange).into_iter().map(Part::Stage));
    }
    parts
}

/// The stages one after the other; what is between them is told as well.
fn timeline(exchange: &Exchange) -> Vec<Bar> {
    let sum: u64 = exchange.stages.iter().map(|stage| stage.us).sum();
    let whole = exchange.duration_us.max(sum).max(1);
    let rest = whole - sum.min(whole);
    let stages = exchange.stages.iter().map(|stage| (stage.stage.as_str(), stage.us));
    // Rounding alone is not worth a line.
    let rest = (rest * 100 > whole).then_some(("other", rest));
    let mut from = 0.0;
    stages
        .chain(rest)
        .map(|(name, us)| {
            let share = us as f64 / whole as f64;
            let bar = Bar {
                name: name.to_owned(),
                us,
                from,
                share,
            };
            from += share;
            bar
        })
        .collect()
}
