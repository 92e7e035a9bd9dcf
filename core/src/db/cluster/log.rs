//! The server's log: a file, so that the server goes on logging when Windlass is gone, which a task here follows.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::at;
use super::complaint::Complaint;
use crate::error::Result;

/// What stands before each message: time, process, SQLSTATE.
pub(super) const PREFIX: &str = "%m [%p] %e ";
/// The file is set aside when it has grown beyond this.
const LARGEST: u64 = 8 << 20;
/// How often the file is looked at.
const PAUSE: Duration = Duration::from_millis(500);
/// What is passed on of one look at most; the file itself has all of it.
const BYTES: u64 = 64 << 10;
const ENTRIES: usize = 50;

/// How the server names its levels, longest first where one is the end of another.
const LEVELS: [(&str, Level); 9] = [
    ("PANIC", Level::Error),
    ("FATAL", Level::Error),
    ("ERROR", Level::Warning),
    ("WARNING", Level::Warning),
    ("LOG", Level::Notice),
    ("DETAIL", Level::More),
    ("HINT", Level::More),
    ("CONTEXT", Level::More),
    ("STATEMENT", Level::More),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Notice,
    /// Belongs to the entry before.
    More,
}

/// The server's log file.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    path: PathBuf,
}

impl Journal {
    pub(super) fn of(directory: &Path) -> Self {
        Self {
            path: directory.join("postgres.log"),
        }
    }

    /// Opens it for the server to write to, and sets an overlong one aside.
    pub(super) fn writer(&self) -> Result<File> {
        if self.length() > LARGEST {
            std::fs::rename(&self.path, self.older()).map_err(at("set aside", &self.path))?;
        }
        let mut options = OpenOptions::new();
        options
            .append(true)
            .create(true)
            .mode(0o640)
            .open(&self.path)
            .map_err(at("open", &self.path))
    }

    fn older(&self) -> PathBuf {
        self.path.with_extension("log.1")
    }

    pub(super) fn length(&self) -> u64 {
        self.path.metadata().map_or(0, |found| found.len())
    }

    fn read(&self, from: u64, bytes: u64) -> std::io::Result<String> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut text = Vec::new();
        file.take(bytes).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Why the server ended, in its own words since `from`.
    pub(super) fn complaint(&self, from: u64) -> Complaint {
        let from = from.max(self.length().saturating_sub(BYTES));
        Complaint::read(&self.read(from, BYTES).unwrap_or_default())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Passes on what is written after `position`, for ever.
    pub(super) async fn follow(self, mut position: u64) {
        loop {
            tokio::time::sleep(PAUSE).await;
            let length = self.length();
            if length < position {
                position = 0;
            }
            if length > position {
                if length - position > BYTES {
                    tracing::warn!(target: "postgres", "{} bytes left out; they are in {}", length - position - BYTES,
                        self.path.display());
                    position = length - BYTES;
                }
                match self.read(position, length - position) {
                    // A line that is still being written is read next time.
                    Ok(text) => {
                        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
                        pass_on(whole);
                        position += whole.len() as u64;
                    }
                    Err(error) => tracing::warn!(file = %self.path.display(), %error, "cannot read PostgreSQL's log"),
                }
            }
            if position > LARGEST {
                self.set_aside();
                position = 0;
            }
        }
    }

    /// Copies and empties the file, since the server keeps its own open. Lines of that very moment may be lost.
    fn set_aside(&self) {
        let emptied = std::fs::copy(&self.path, self.older())
            .and_then(|_| OpenOptions::new().write(true).open(&self.path)?.set_len(0));
        if let Err(error) = emptied {
            tracing::warn!(file = %self.path.display(), %error, "cannot set PostgreSQL's log aside");
        }
    }
}

/// Splits a line into its level, its SQLSTATE and its message.
pub(super) fn parse(line: &str) -> Option<(&'static str, Level, Option<&str>, &str)> {
    LEVELS
        .iter()
        .filter_map(|(name, level)| {
            // Only in the first part, where the server's own words are, and not in what somebody made it say.
            let start = line.find(name).filter(|start| *start < 60)?;
            let message = line[start + name.len()..].strip_prefix(":  ")?;
            let state = line[..start]
                .trim_end()
                .rsplit(' ')
                .next()
                .filter(|state| state.len() == 5);
            Some((start, (*name, *level, state, message)))
        })
        .min_by_key(|(start, _)| *start)
        .map(|(_, parsed)| parsed)
}

fn pass_on(text: &str) {
    let mut entries: Vec<(Level, Option<&str>, String)> = Vec::new();
    for line in text.lines() {
        match (parse(line), entries.last_mut()) {
            (Some((_, level, state, message)), _) if level != Level::More => {
                entries.push((level, state, message.to_owned()))
            }
            (Some((name, _, _, message)), Some(entry)) => {
                entry.2.push_str(&format!("; {}: {message}", name.to_lowercase()));
            }
            (None, Some(entry)) => {
                entry.2.push(' ');
                entry.2.push_str(line.trim());
            }
            (parsed, None) => {
                let message = parsed.map_or(line, |(_, _, _, message)| message);
                entries.push((Level::Notice, None, message.to_owned()));
            }
        }
    }
    let more = entries.len().saturating_sub(ENTRIES);
    for (level, state, message) in entries.into_iter().take(ENTRIES) {
        match level {
            Level::Error if !is_routine(&message) => tracing::error!(target: "postgres", state, "{message}"),
            Level::Error | Level::Notice | Level::More if is_routine(&message) => {
                tracing::debug!(target: "postgres", state, "{message}");
            }
            Level::Warning => tracing::warn!(target: "postgres", state, "{message}"),
            _ => tracing::info!(target: "postgres", state, "{message}"),
        }
    }
    if more > 0 {
        tracing::warn!(target: "postgres", "{more} further messages left out; they are in the log file");
    }
}

/// What belongs to every start, stop and checkpoint.
fn is_routine(message: &str) -> bool {
    const ROUTINE: [&str; 15] = [
        "starting PostgreSQL",
        "listening on Unix socket",
        "database system was shut down",
        "database system is ready",
        "database system is shut down",
        "the database system is starting up",
        "the database system is shutting down",
        "the database system is not yet accepting connections",
        "received fast shutdown request",
        "aborting any active transactions",
        "background worker",
        "shutting down",
        "terminating connection due to administrator command",
        "checkpoint starting",
        "checkpoint complete",
    ];
    ROUTINE.iter().any(|start| message.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_at_the_servers_own_level() {
        let line = "2026-01-01 00:00:00.000 UTC [42] 23505 ERROR:  duplicate key; LOG:  not this";
        assert_eq!(
            parse(line),
            Some(("ERROR", Level::Warning, Some("23505"), "duplicate key; LOG:  not this"))
        );
        assert_eq!(parse("\tcontinued"), None);
    }
}
