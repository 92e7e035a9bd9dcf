//! An act before it is done: what it does exactly, and the operator's word.

use tui_input::Input;
use windlass_core::admin::protocol::Act;

/// An act that waits for its confirmation.
#[derive(Debug)]
pub struct Confirm {
    /// The act.
    pub act: Act,
    /// The SQL that it runs, line by line.
    pub sql: Vec<String>,
    /// The name that must be typed.
    pub name: Option<String>,
    /// What is typed, where a name must be.
    pub typed: Input,
    /// Whether the answer that Enter gives is to do it; Cancel comes first.
    pub yes: bool,
    /// How far the SQL is scrolled.
    pub scroll: usize,
}

impl Confirm {
    /// With Cancel as the answer.
    #[must_use]
    pub fn new(act: Act, sql: Vec<String>) -> Self {
        Self {
            name: act.typed().map(ToOwned::to_owned),
            act,
            sql,
            typed: Input::default(),
            yes: false,
            scroll: 0,
        }
    }

    /// Whether what must be typed has been.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        self.name.as_ref().is_none_or(|name| self.typed.value() == name)
    }

    /// What is asked.
    #[must_use]
    pub fn question(&self) -> String {
        match &self.act {
            Act::DisableRoute { route } => format!("Disable {route}? Clients get 503 until it is enabled again."),
            Act::EnableRoute { route } => format!("Enable {route} again?"),
            Act::MigrateUp { expect, dump } => format!(
                "Apply {}?{}",
                match expect.as_slice() {
                    [one] => one.name.clone(),
                    many => format!("{} migrations", many.len()),
                },
                if *dump {
                    " A dump is made first."
                } else {
                    " No dump is made first."
                }
            ),
            Act::MigrateDown { expect, .. } => format!("Undo {}? What it made is lost, with its rows.", expect.name),
            Act::CancelStatement { pid, .. } => format!("Cancel the statement of session {pid}? It gets an error."),
            Act::TerminateSession { pid, .. } => {
                format!("End session {pid}? Its transaction is rolled back and its client loses the connection.")
            }
            Act::Reload => "Read resource files and database again?".to_owned(),
        }
    }
}
