//! Commands that are typed.

use tui_input::Input;

use crate::keys::{self, Action};
use crate::screen::Screen;

/// A command that is being typed.
#[derive(Debug, Default)]
pub struct Palette {
    /// The text.
    pub input: Input,
    /// The chosen one of those that match.
    pub index: usize,
}

/// What can be typed: a word, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Such as `routes` or `apply`.
    pub name: &'static str,
    /// What it does.
    pub action: Action,
    /// In words.
    pub help: &'static str,
}

/// Every command of a screen: all screens, and what its keys do.
#[must_use]
pub fn commands(screen: Screen) -> Vec<Command> {
    keys::bindings(screen)
        // Back is a key's; and the palette is open already.
        .filter(|binding| !matches!(binding.action, Action::Quit | Action::Palette))
        .filter_map(|binding| {
            Some(Command {
                name: name(binding.action)?,
                action: binding.action,
                help: binding.help,
            })
        })
        .collect()
}

/// The word of an action; movement has none.
#[must_use]
pub const fn name(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::Show(Screen::Health) => "health",
        Action::Show(Screen::Routes) => "routes",
        Action::Show(Screen::Migrations) => "migrations",
        Action::Show(Screen::Database) => "database",
        Action::Show(Screen::Traffic) => "traffic",
        Action::Show(Screen::Logs) => "logs",
        Action::Show(Screen::Settings) => "settings",
        Action::QuitNow => "quit",
        Action::Quit => "back",
        Action::Palette => "command",
        Action::Filter => "filter",
        Action::Help => "help",
        Action::Freeze => "freeze",
        Action::Sort => "sort",
        Action::Reverse => "reverse",
        Action::Copy => "copy",
        Action::Refresh => "refresh",
        Action::Arm => "writes",
        Action::TryRoute => "try",
        Action::CopyCurl => "curl",
        Action::SwitchRoute => "disable",
        Action::Rehearse => "rehearse",
        Action::Apply => "apply",
        Action::Revert => "undo",
        Action::Cancel => "cancel",
        Action::Terminate => "terminate",
        Action::Clear => "clear",
        Action::Level => "level",
        Action::Reload => "reload",
        Action::Visit => "visit",
        _ => return None,
    })
}

impl Palette {
    /// The commands that begin with what is typed; then those that contain it.
    #[must_use]
    pub fn matching(&self, screen: Screen) -> Vec<Command> {
        let typed = self.input.value().trim().to_lowercase();
        let all = commands(screen);
        let begins = all.iter().filter(|command| command.name.starts_with(&typed));
        let contains = all
            .iter()
            .filter(|command| !command.name.starts_with(&typed) && command.name.contains(&typed));
        begins.chain(contains).cloned().collect()
    }

    /// Where what is typed stops being a command, counted in characters, and what is allowed there.
    #[must_use]
    pub fn wrong(&self, screen: Screen) -> Option<(usize, String)> {
        if !self.matching(screen).is_empty() {
            return None;
        }
        let typed: Vec<char> = self.input.value().trim().to_lowercase().chars().collect();
        let all = commands(screen);
        let fits = |length: usize| {
            let start: String = typed.iter().take(length).collect();
            all.iter().any(|command| command.name.starts_with(&start))
        };
        let at = (0..=typed.len()).rev().find(|length| fits(*length)).unwrap_or_default();
        let start: String = typed.iter().take(at).collect();
        let allowed: Vec<&str> = all
            .iter()
            .map(|command| command.name)
            .filter(|name| name.starts_with(&start))
            .collect();
        Some((at, format!("no such command; there are {}", allowed.join(", "))))
    }
}
