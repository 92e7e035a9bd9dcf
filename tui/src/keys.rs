//! What each key does, told once: the keys themselves, the help and the docs are made from this table.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::screen::Screen;

/// What a key asks for. A screen does what belongs to it; the rest is done for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is told in the table below")]
pub enum Action {
    Show(Screen),
    NextScreen,
    PreviousScreen,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Open,
    Back,
    Quit,
    QuitNow,
    Filter,
    Palette,
    Help,
    Freeze,
    Sort,
    Reverse,
    Copy,
    Refresh,
    Arm,
    TryRoute,
    CopyCurl,
    SwitchRoute,
    Rehearse,
    Apply,
    Revert,
    PreviousTab,
    NextTab,
    Cancel,
    Terminate,
    Clear,
    Level,
    Reload,
    Visit,
}

/// One key, with what must be held down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Whether Ctrl is held down.
    pub control: bool,
}

impl Key {
    const fn plain(code: KeyCode) -> Self {
        Self { code, control: false }
    }

    const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    const fn control(c: char) -> Self {
        Self {
            code: KeyCode::Char(c),
            control: true,
        }
    }

    /// Whether the event is this key. Shift is in the character already.
    #[must_use]
    pub fn matches(&self, event: &KeyEvent) -> bool {
        self.code == event.code && self.control == event.modifiers.contains(KeyModifiers::CONTROL)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.control {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// A line of the table.
#[derive(Debug)]
pub struct Binding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What it does.
    pub action: Action,
    /// On this screen; absent: on all of them.
    pub screen: Option<Screen>,
    /// Whether it changes something outside of the console, and so must be armed first.
    pub writes: bool,
    /// What it does, in words.
    pub help: &'static str,
}

const fn everywhere(keys: &'static [Key], action: Action, help: &'static str) -> Binding {
    Binding {
        keys,
        action,
        screen: None,
        writes: false,
        help,
    }
}

const fn on(screen: Screen, keys: &'static [Key], action: Action, help: &'static str) -> Binding {
    Binding {
        keys,
        action,
        screen: Some(screen),
        writes: false,
        help,
    }
}

const fn writes(screen: Screen, keys: &'static [Key], action: Action, help: &'static str) -> Binding {
    Binding {
        keys,
        action,
        screen: Some(screen),
        writes: true,
        help,
    }
}

/// Every key. A screen's own keys come before those of all screens.
pub const BINDINGS: &[Binding] = &[
    on(
        Screen::Health,
        &[Key::char('o')],
        Action::Visit,
        "go to the screen that the check is about",
    ),
    on(
        Screen::Routes,
        &[Key::char('t')],
        Action::TryRoute,
        "try the route with a form",
    ),
    on(
        Screen::Routes,
        &[Key::char('Y')],
        Action::CopyCurl,
        "copy the request as curl",
    ),
    writes(
        Screen::Routes,
        &[Key::char('d')],
        Action::SwitchRoute,
        "disable the route, or enable it again",
    ),
    writes(
        Screen::Migrations,
        &[Key::char('c')],
        Action::Rehearse,
        "rehearse what is pending, up to the selected one; takes its locks",
    ),
    writes(
        Screen::Migrations,
        &[Key::char('a')],
        Action::Apply,
        "apply what is pending",
    ),
    writes(
        Screen::Migrations,
        &[Key::char('u')],
        Action::Revert,
        "undo the last applied one",
    ),
    on(
        Screen::Database,
        &[Key::char('[')],
        Action::PreviousTab,
        "the tab before",
    ),
    on(Screen::Database, &[Key::char(']')], Action::NextTab, "the next tab"),
    writes(
        Screen::Database,
        &[Key::char('x')],
        Action::Cancel,
        "cancel the session's statement",
    ),
    writes(
        Screen::Database,
        &[Key::char('X')],
        Action::Terminate,
        "end the session",
    ),
    on(
        Screen::Traffic,
        &[Key::char('c')],
        Action::Clear,
        "forget what was shown",
    ),
    on(
        Screen::Logs,
        &[Key::char('v')],
        Action::Level,
        "show only warnings, only errors, or all",
    ),
    on(Screen::Logs, &[Key::char('c')], Action::Clear, "forget what was shown"),
    on(
        Screen::Settings,
        &[Key::char('[')],
        Action::PreviousTab,
        "the tab before",
    ),
    on(Screen::Settings, &[Key::char(']')], Action::NextTab, "the next tab"),
    writes(
        Screen::Settings,
        &[Key::char('R')],
        Action::Reload,
        "read resource files and database again",
    ),
    everywhere(&[Key::char('1')], Action::Show(Screen::Health), "Health"),
    everywhere(&[Key::char('2')], Action::Show(Screen::Routes), "Routes"),
    everywhere(&[Key::char('3')], Action::Show(Screen::Migrations), "Migrations"),
    everywhere(&[Key::char('4')], Action::Show(Screen::Database), "Database"),
    everywhere(&[Key::char('5')], Action::Show(Screen::Traffic), "Traffic"),
    everywhere(&[Key::char('8')], Action::Show(Screen::Logs), "Logs"),
    everywhere(&[Key::char('0')], Action::Show(Screen::Settings), "Settings"),
    everywhere(&[Key::plain(KeyCode::Tab)], Action::NextScreen, "the next screen"),
    everywhere(
        &[Key::plain(KeyCode::BackTab)],
        Action::PreviousScreen,
        "the screen before",
    ),
    everywhere(&[Key::char('k'), Key::plain(KeyCode::Up)], Action::Up, "up"),
    everywhere(&[Key::char('j'), Key::plain(KeyCode::Down)], Action::Down, "down"),
    everywhere(
        &[Key::char('h'), Key::plain(KeyCode::Left)],
        Action::Left,
        "left: the part before",
    ),
    everywhere(
        &[Key::char('l'), Key::plain(KeyCode::Right)],
        Action::Right,
        "right: the next part",
    ),
    everywhere(
        &[Key::plain(KeyCode::PageUp), Key::control('b')],
        Action::PageUp,
        "a page up",
    ),
    everywhere(
        &[Key::plain(KeyCode::PageDown), Key::control('f')],
        Action::PageDown,
        "a page down",
    ),
    everywhere(&[Key::char('g'), Key::plain(KeyCode::Home)], Action::Top, "to the top"),
    everywhere(
        &[Key::char('G'), Key::plain(KeyCode::End)],
        Action::Bottom,
        "to the bottom",
    ),
    everywhere(&[Key::plain(KeyCode::Enter)], Action::Open, "open what is selected"),
    everywhere(&[Key::plain(KeyCode::Esc)], Action::Back, "back one layer; never quits"),
    everywhere(&[Key::char('q')], Action::Quit, "back one layer, then quit"),
    everywhere(&[Key::control('c')], Action::QuitNow, "quit"),
    everywhere(&[Key::char('/')], Action::Filter, "filter"),
    everywhere(&[Key::char(':')], Action::Palette, "type a command"),
    everywhere(&[Key::char('?')], Action::Help, "this help"),
    everywhere(
        &[Key::char(' ')],
        Action::Freeze,
        "freeze the screen, or let it run again",
    ),
    everywhere(&[Key::char('s')], Action::Sort, "sort by the next column"),
    everywhere(&[Key::char('S')], Action::Reverse, "sort the other way round"),
    everywhere(&[Key::char('y')], Action::Copy, "copy what is selected (OSC 52)"),
    everywhere(&[Key::char('r')], Action::Refresh, "ask again now"),
    everywhere(
        &[Key::char('W')],
        Action::Arm,
        "allow writes for five minutes, or forbid them again",
    ),
];

/// What a key does on a screen.
#[must_use]
pub fn binding(screen: Screen, event: &KeyEvent) -> Option<&'static Binding> {
    bindings(screen).find(|binding| binding.keys.iter().any(|key| key.matches(event)))
}

/// The bindings of a screen, its own first.
pub fn bindings(screen: Screen) -> impl Iterator<Item = &'static Binding> {
    BINDINGS
        .iter()
        .filter(move |binding| binding.screen.is_none_or(|own| own == screen))
}

/// The keys of a binding as text, such as `j, Down`.
#[must_use]
pub fn names(binding: &Binding) -> String {
    binding
        .keys
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
