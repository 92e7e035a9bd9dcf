//! What the console knows: answers (`data`), and per screen what is selected, opened and typed.

pub mod confirm;
pub mod data;
pub mod database;
pub mod detail;
pub mod document;
pub mod figure;
pub mod form;
pub mod health;
pub mod json_text;
pub mod list;
pub mod list_filter;
pub mod logs;
pub mod migration_text;
pub mod migrations;
pub mod palette;
pub mod panel;
pub mod rehearsal_text;
pub mod route_text;
pub mod routes;
pub mod settings;
pub mod sheet;
pub mod stream_line;
pub mod tail;
pub mod traffic;
pub mod trial;

use tui_input::Input;

use crate::effect::Watch;
use crate::message::Link;
use crate::screen::Screen;
use crate::theme::Tone;
use confirm::Confirm;
use data::Data;
use palette::Palette;
use panel::Panel;
use trial::Form;

/// How long writes stay allowed, in milliseconds.
pub const ARMED_MS: i64 = 5 * 60 * 1000;

/// Everything that is shown.
#[derive(Debug)]
pub struct State {
    /// Unix time in milliseconds, as last told.
    pub now: i64,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The way to the service.
    pub link: Link,
    /// What was answered.
    pub data: Data,
    /// The screen that is shown.
    pub screen: Screen,
    /// Until when writes are allowed.
    pub armed_until: Option<i64>,
    /// Whether the screen stands still.
    pub frozen: bool,
    /// The stream that is followed.
    pub watching: Option<Watch>,
    /// The status line.
    pub line: Option<Line>,
    /// A filter that is being typed, with the one to go back to.
    pub typing: Option<Typing>,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// Whether what is shown has changed since it was painted.
    pub dirty: bool,
    /// The operator wants to leave.
    pub over: bool,
    /// The screens.
    pub panels: Panels,
}

/// The screens' own states.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "one per screen")]
pub struct Panels {
    pub health: health::Health,
    pub routes: routes::Routes,
    pub migrations: migrations::Migrations,
    pub database: database::Database,
    pub traffic: traffic::Traffic,
    pub logs: logs::Logs,
    pub settings: settings::Settings,
}

/// A line for the operator, at the bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it means.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

impl Line {
    /// A line.
    #[must_use]
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone,
            text: text.into(),
        }
    }
}

/// A filter that is being typed.
#[derive(Debug, Clone)]
pub struct Typing {
    /// The text.
    pub input: Input,
    /// The filter before.
    pub before: String,
    /// What is wrong with it: a character's place, and what is allowed.
    pub wrong: Option<(usize, String)>,
}

/// What lies over a screen; one at a time.
#[derive(Debug)]
pub enum Overlay {
    /// The keys, scrolled by so many lines.
    Help(usize),
    /// A command is typed.
    Palette(Palette),
    /// An act is to be confirmed.
    Confirm(Confirm),
    /// A route is tried.
    Form(Box<Form>),
}

impl State {
    /// Before anything is known.
    #[must_use]
    pub fn new(now: i64, size: (u16, u16)) -> Self {
        Self {
            now,
            size,
            link: Link::Connecting,
            data: Data::default(),
            screen: Screen::Health,
            armed_until: None,
            frozen: false,
            watching: None,
            line: None,
            typing: None,
            overlay: None,
            dirty: true,
            over: false,
            panels: Panels::default(),
        }
    }

    /// Whether writes are allowed now.
    #[must_use]
    pub fn armed(&self) -> bool {
        self.armed_until.is_some_and(|until| self.now < until)
    }

    /// The panel of the screen that is shown.
    #[must_use]
    pub fn panel(&self) -> &dyn Panel {
        self.panels.of(self.screen)
    }

    /// Tells the operator something.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.line = Some(Line::new(tone, text));
        self.dirty = true;
    }
}

impl Panels {
    /// The panel of a screen.
    #[must_use]
    pub fn of(&self, screen: Screen) -> &dyn Panel {
        match screen {
            Screen::Health => &self.health,
            Screen::Routes => &self.routes,
            Screen::Migrations => &self.migrations,
            Screen::Database => &self.database,
            Screen::Traffic => &self.traffic,
            Screen::Logs => &self.logs,
            Screen::Settings => &self.settings,
        }
    }

    /// The panel of a screen, to be changed.
    pub fn of_mut(&mut self, screen: Screen) -> &mut dyn Panel {
        match screen {
            Screen::Health => &mut self.health,
            Screen::Routes => &mut self.routes,
            Screen::Migrations => &mut self.migrations,
            Screen::Database => &mut self.database,
            Screen::Traffic => &mut self.traffic,
            Screen::Logs => &mut self.logs,
            Screen::Settings => &mut self.settings,
        }
    }
}
